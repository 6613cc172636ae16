"""Errors of a training."""

from prunekit.registry import PrunekitError


class TrainingError(PrunekitError, ValueError):
    """A training cannot start or go on; the message says where and what to do."""
