"""How many samples a batch has, counted from its inputs: targets, as detectors have them, do not tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from prunekit.core.data.contract import Inputs
from prunekit.core.data.nested import leaves

ARGUMENTS = (tuple, Mapping)
"""What holds several arguments by the data contract; a list is one argument, as of images that differ in size."""


def batch_size(inputs: Inputs) -> int:
    """Number of samples in a batch: that of the first argument that tells and is not empty; 1 where none tells.

    Args:
        inputs: By the data contract, NumPy arrays or a framework's tensors.
    """
    told = [count for count in sample_counts(inputs) if count is not None]
    return next(filter(None, told), 0 if told else 1)


def sample_counts(inputs: Inputs) -> Iterator[int | None]:
    """For each argument the length of its first axis, or of a list; None where it does not tell, as a number."""
    for argument in leaves(inputs, ARGUMENTS):
        if isinstance(argument, list):
            yield len(argument)
        else:
            shape = getattr(argument, "shape", ())
            yield int(shape[0]) if shape else None
