"""Errors of a training."""

from prunekit.core.data.contract import DataError
from prunekit.registry import PrunekitError


class TrainingError(PrunekitError, ValueError):
    """A training cannot start or go on; the message says where and what to do."""


class LabelsError(TrainingError, DataError):
    """Nothing can be learned from the labels, by this network or by any that is pruned from it."""
