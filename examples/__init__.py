"""The ymls that `prunekit example` lists; a package so that they travel with the code."""
