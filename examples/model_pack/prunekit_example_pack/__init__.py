"""A pack for prunekit: one component of each kind."""
