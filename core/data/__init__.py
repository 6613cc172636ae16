"""The data contract, and the one way to iterate over a dataset."""

from prunekit.core.data.batches import batches
from prunekit.core.data.contract import (
    AugmentedLoading,
    Augmenting,
    Batch,
    Collating,
    DataError,
    Dataset,
    DataWarning,
    Inputs,
    NamingSamples,
    Sample,
    as_call,
    default_collate,
)

__all__ = [
    "AugmentedLoading",
    "Augmenting",
    "Batch",
    "Collating",
    "DataError",
    "DataWarning",
    "Dataset",
    "Inputs",
    "NamingSamples",
    "Sample",
    "as_call",
    "batches",
    "default_collate",
]
