"""The data contract: what a dataset gives, and how a network is called with it. NumPy only, no framework."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np

from prunekit.registry import PrunekitError

Inputs: TypeAlias = Any  # one array, a tuple (positional), a dict (keywords), or anything else as one argument
Sample: TypeAlias = tuple[Any, Any]  # (inputs, target) of one sample
Batch: TypeAlias = tuple[Any, Any]  # (inputs, target) of a batch


class DataError(PrunekitError, ValueError):
    """The data is missing, broken, or does not fit what was asked; the message says what to do."""


class DataWarning(UserWarning):
    """Something about the data that its owner may want to change: a run tells it, once, and goes on."""


class Dataset(Protocol):
    """What every dataset has: a length, and samples of NumPy arrays.

    A dataset may also own its collate (`Collating`) and an augmentation (`Augmenting` or `AugmentedLoading`), and name
    its samples (`NamingSamples`). As class attributes it may say ``targets = "labels"``, the kind of its targets, so
    that a metric that judges others is refused, and ``metric = "accuracy"``, the metric that a yml takes where it names
    none.
    """

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> Sample: ...


@runtime_checkable
class Collating(Protocol):
    """A dataset that makes its own batches; without it `default_collate` does."""

    def collate(self, samples: Sequence[Sample], /) -> Batch:
        """Make one batch of samples."""
        ...


@runtime_checkable
class Augmenting(Protocol):
    """A dataset that can vary its samples for training."""

    def augment(self, sample: Sample, rng: np.random.Generator, /) -> Sample:
        """Return a variation of the sample that depends on nothing but the sample and ``rng``."""
        ...


@runtime_checkable
class AugmentedLoading(Protocol):
    """A dataset whose variations need more than the sample, such as the whole image that the sample was cut out of."""

    def augmented(self, index: int, rng: np.random.Generator, /) -> Sample:
        """Return a variation of a sample that depends on nothing but the index and ``rng``."""
        ...


@runtime_checkable
class NamingSamples(Protocol):
    """A dataset that knows by what people find a sample, such as its file; messages have it beside the number."""

    def sample_name(self, index: int, /) -> str:
        """Return what people find a sample by."""
        ...


def default_collate(samples: Sequence[Sample]) -> Batch:
    """Stack the samples along a new first axis, inside tuples and dicts too.

    Raises:
        DataError: The samples differ in shape or structure.
    """
    return _stack([inputs for inputs, _ in samples]), _stack([target for _, target in samples])


def as_call(inputs: Inputs) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the ``(args, kwargs)`` that a network is called with.

    A tuple is positional, a dict is keywords; anything else, an array or a list of images, is one argument.
    """
    if isinstance(inputs, tuple):
        return tuple(inputs), {}
    if isinstance(inputs, Mapping):
        return (), dict(inputs)
    return (inputs,), {}


def _stack(values: Sequence[Any]) -> Any:
    first = values[0]
    if isinstance(first, tuple):
        if any(not isinstance(value, tuple) or len(value) != len(first) for value in values):
            raise DataError("the samples of one batch are tuples of different lengths; give the dataset a collate")
        return tuple(_stack(parts) for parts in zip(*values, strict=True))
    if isinstance(first, Mapping):
        if any(not isinstance(value, Mapping) or value.keys() != first.keys() for value in values):
            raise DataError("the samples of one batch are dicts with different keys; give the dataset a collate")
        return {key: _stack([value[key] for value in values]) for key in first}
    if isinstance(first, list) and any(np.ndim(part) for part in first):
        raise DataError(
            "a sample is a list of arrays; give several inputs as a tuple (positional) or a dict (keywords), or give"
            " the dataset a collate for what is one list"
        )
    arrays = [np.asarray(value) for value in values]
    shapes = sorted({array.shape for array in arrays})
    if len(shapes) > 1:
        raise DataError(
            f"samples of the shapes {shapes[0]} and {shapes[-1]} cannot be stacked to one batch;"
            " make them equal or give the dataset a collate"
        )
    return np.stack(arrays)
