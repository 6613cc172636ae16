"""Weights between files and networks: read as NumPy arrays, matched by name, given to any backend."""

from prunekit.core.weights.backbone import load_backbone
from prunekit.core.weights.errors import WeightsError
from prunekit.core.weights.files import read_weights
from prunekit.core.weights.loading import load_own, load_weights
from prunekit.core.weights.name_matching import check_fit
from prunekit.core.weights.naming import LEAVES, Naming
from prunekit.core.weights.readers import COMMON, refuse_other_kinds
from prunekit.core.weights.soundness import refuse_unsound
from prunekit.core.weights.stored import Stored

__all__ = [
    "COMMON",
    "LEAVES",
    "Naming",
    "Stored",
    "WeightsError",
    "check_fit",
    "load_backbone",
    "load_own",
    "load_weights",
    "read_weights",
    "refuse_other_kinds",
    "refuse_unsound",
]
