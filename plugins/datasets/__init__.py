"""Datasets, by the data contract of `prunekit.core.data`."""
