"""Networks that ship with prunekit: one package for each, one file in it for each framework."""
