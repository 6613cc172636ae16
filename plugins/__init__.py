"""Everything replaceable that ships with prunekit: one folder for each RegisterType."""
