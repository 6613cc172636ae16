"""The datasets of a run, and the batches of their splits."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

from prunekit.core.config import ComponentSpec, SplitConfig
from prunekit.core.data import Batch, Dataset, DataWarning, batches
from prunekit.core.data.batch_cache import Make
from prunekit.core.data.batches import Batches
from prunekit.core.data.reading import Reader
from prunekit.core.pipeline.components import make_component
from prunekit.core.search.candidate_builder import first_images

HELD_OUT, CALIBRATION = "held_out.batches", "calibration.batches"
"""Files in the cache of a step, with decoded batches."""


def _tell_nobody(text: str) -> None:
    """Who started this process was told."""


class Datasets:
    """Makes each dataset once: listing a million files takes long.

    Args:
        backend: Name of the backend that they are to work with.
        warn: Is told what datasets warn of (`DataWarning`) while they are made, each once; a process that works for
            another tells nobody.
    """

    def __init__(self, backend: str, warn: Callable[[str], object] = _tell_nobody) -> None:
        self._backend, self._warn, self._warned = backend, warn, set[str]()
        self._made: list[tuple[ComponentSpec, str, Dataset]] = []
        self._read: list[tuple[ComponentSpec, str]] = []

    def of(self, split: SplitConfig, name: str) -> Dataset:
        """The dataset of a split: ``train``, ``val`` or ``test``."""
        for spec, split_name, made in self._made:
            if (spec, split_name) == (split.dataset, name):
                return made
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", DataWarning)
            dataset: Dataset = make_component(split.dataset, self._backend, split=name)
        self._tell(split.dataset, caught)
        self._made.append((split.dataset, name, dataset))
        return dataset

    def _tell(self, spec: ComponentSpec, caught: Iterable[warnings.WarningMessage]) -> None:
        for each in caught:
            if not issubclass(each.category, DataWarning):
                warnings.warn_explicit(each.message, each.category, each.filename, each.lineno)
            elif (text := str(each.message)) not in self._warned:
                self._warned.add(text)
                self._warn(f"{spec.where}: {text}")

    def batches(self, split: SplitConfig, name: str, indices: Sequence[int] | None = None) -> Iterator[Batch]:
        """A split's batches in their order, not augmented."""
        dataset, workers = self.of(split, name), split.num_workers
        yield from batches(dataset, split.batch_size, workers=workers, indices=indices, split=name)
        if indices is None:
            self._read.append((split.dataset, name))

    def held_out(self, split: SplitConfig) -> Make:
        """Makes the batches of the held-out split in their order, not augmented, from the n-th on."""

        def batches_from(number: int) -> Iterator[Batch]:
            if not number:
                return self.batches(split, "val")
            size = len(Reader(self.of(split, "val"), "val"))
            return self.batches(split, "val", range(number * split.batch_size, size))

        return batches_from

    def calibration(self, split: SplitConfig, images: int) -> Make:
        """Makes the batches of the first images of the training split, not augmented, from the n-th on."""

        def batches_from(number: int) -> Iterator[Batch]:
            limited = range(min(images, len(Reader(self.of(split, "train"), "train"))))
            return islice(first_images(self.batches(split, "train", limited), images), number, None)

        return batches_from

    def read_once(self, split: SplitConfig, name: str) -> None:
        """Read a split through, where this run has not done so: what is wrong with it shall not show after hours.

        Raises:
            DataError: The dataset raises, or gives what is not finite.
        """
        if (split.dataset, name) not in self._read:
            for _ in self.batches(split, name):
                pass

    def train_batches(self, split: SplitConfig, seed: int) -> Callable[[int], Batches]:
        """For each epoch the augmented batches of the training split, in another order each time."""
        dataset = self.of(split, "train")

        def epoch_batches(epoch: int) -> Batches:
            return batches(
                dataset, split.batch_size, shuffle=split.shuffle, seed=seed, epoch=epoch, workers=split.num_workers,
                drop_last=split.drop_last, augment=True, split="train",
            )  # fmt: skip

        return epoch_batches
