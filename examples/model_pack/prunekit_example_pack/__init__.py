"""A pack for prunekit: a network and a dataset."""
