"""Reads a dataset, which is its author's code: whatever it raises, and what it gives, is told with its place."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from prunekit.core.data.contract import (
    AugmentedLoading,
    Augmenting,
    Batch,
    Collating,
    DataError,
    Dataset,
    NamingSamples,
    Sample,
    default_collate,
)
from prunekit.core.data.finite import not_finite
from prunekit.registry.errors import described

_Made = TypeVar("_Made")


@dataclass(frozen=True)
class Reader:
    """Reads samples and makes batches of them.

    Args:
        dataset: Where they come from.
        split: What messages call this part of the data; empty where it has no name.
    """

    dataset: Dataset
    split: str = ""

    def __len__(self) -> int:
        with failures_of(self._name):
            return len(self.dataset)

    def sample(self, index: int, rng: np.random.Generator | None = None) -> Sample:
        """A sample, varied by ``rng`` where there is one and the dataset can.

        Raises:
            DataError: The dataset raises, or gives no pair.
        """
        dataset: Any = self.dataset
        if rng is not None and isinstance(dataset, AugmentedLoading):
            return self._pair(index, lambda: dataset.augmented(index, rng))
        sample = self._pair(index, lambda: dataset[index])
        if rng is not None and isinstance(dataset, Augmenting):
            return self._pair(index, lambda: dataset.augment(sample, rng))
        return sample

    def batch(self, samples: Sequence[Sample], indices: Sequence[int]) -> Batch:
        """The samples as one batch.

        Raises:
            DataError: They cannot be one, the dataset's own collate raises, or something in it is not finite.
        """
        own = self.dataset.collate if isinstance(self.dataset, Collating) else None
        with failures_of(f"{self._name}, samples {indices[0]} to {indices[-1]}"):
            made = default_collate(samples) if own is None else own(samples)
            inputs, target = made
        if not_finite((inputs, target), axes=2) is not None:
            self._refuse(samples, indices, (inputs, target))
        return inputs, target

    def first(self) -> Batch:
        """A batch of the first sample alone, not varied."""
        return self.batch([self.sample(0)], [0])

    def place(self, index: int) -> str:
        """What a message calls a sample: split and number, and its file where the dataset says it."""
        name = ""
        if isinstance(self.dataset, NamingSamples):
            with failures_of(f"{self._name}, sample {index}"):
                name = f" ({self.dataset.sample_name(index)})"
        return f"{self._name}, sample {index}{name}"

    @property
    def _name(self) -> str:
        return f"split {self.split} of {type(self.dataset).__name__}" if self.split else type(self.dataset).__name__

    def _pair(self, index: int, make: Callable[[], Sample]) -> Sample:
        try:
            inputs, target = made = make()
        except (KeyboardInterrupt, GeneratorExit):
            raise
        except BaseException as problem:
            raise _failure(f"{self._name}, sample {index}", problem) from problem
        return made if isinstance(made, tuple) else (inputs, target)

    def _refuse(self, samples: Sequence[Sample], indices: Sequence[int], batch: Batch) -> None:
        for index, sample in zip(indices, samples, strict=True):
            if what := not_finite(sample):
                raise DataError(f"{self.place(index)}: {what}; mend it, or leave the sample out")
        what = not_finite(batch, axes=2)
        raise DataError(f"{self._name}, samples {indices[0]} to {indices[-1]}: {what} of the batch, not of any sample")


@contextmanager
def failures_of(place: str) -> Iterator[None]:
    """Whatever an author's code raises inside the block, SystemExit too, becomes one error that begins with the place.

    Raises:
        DataError: It raised something.
    """
    try:
        yield
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as problem:
        raise _failure(place, problem) from problem


def _failure(place: str, problem: BaseException) -> DataError:
    if isinstance(problem, DataError):
        return DataError(f"{place}: {problem}")
    return DataError(f"{place}: {described(problem)}{_raised(problem)}")


def _raised(problem: BaseException) -> str:
    """The line that raised; nothing where it is one of ours."""
    frame = traceback.extract_tb(problem.__traceback__)[-1]
    return "" if frame.filename == __file__ else f" (raised in {Path(frame.filename).name}:{frame.lineno})"
