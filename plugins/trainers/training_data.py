"""The batches that a training is given: what they depend on, and whether any of them has a label."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from itertools import chain
from typing import Any

from prunekit.core.data.batch_size import batch_size
from prunekit.core.data.batches import Batches
from prunekit.core.data.contract import Batch, DataError
from prunekit.core.data.finite import not_finite
from prunekit.plugins.trainers.errors import LabelsError
from prunekit.plugins.trainers.label_checks import says_nothing

Settings = Mapping[str, Any]


class EpochData:
    """The batches of an epoch.

    Args:
        batches: From whomever; those of `prunekit.core.data` have been looked at, others are looked at here.
        epoch: Its number, for messages.

    Attributes:
        number: How many there are; None where nobody knows before the end.
        settings: What they depend on, as `prunekit.core.data.batches.Batches` says it; of batches that do not say it
            the size of the first one, once that was seen.
    """

    def __init__(self, batches: Iterable[Batch], epoch: int = 0) -> None:
        self._batches, self._epoch, self._known = iter(batches), epoch, isinstance(batches, Batches)
        self.settings: Settings = getattr(batches, "settings", {})
        self.number: int | None = batches.number if isinstance(batches, Batches) else _length(batches)

    def __iter__(self) -> Iterator[Batch]:
        for number, batch in enumerate(self._batches):
            if not self._known and (what := not_finite(batch, axes=2)):  # some frameworks' losses do not show it
                raise DataError(f"epoch {self._epoch + 1}, batch {number + 1}: {what}; mend the data, or leave it out")
            self.settings = self.settings or {"batch_size": batch_size(batch[0])}
            yield batch

    def close(self) -> None:
        """Leave the rest."""
        if callable(close := getattr(self._batches, "close", None)):
            close()

    def before(self, first: Batch) -> EpochData:
        """Give back a batch that was taken."""
        self._batches = chain([first], self._batches)
        return self


def _length(batches: Iterable[Batch]) -> int | None:
    return len(batches) if isinstance(batches, Sized) else None


def settings_of(batches: Iterable[Batch]) -> Settings:
    """What the batches of an epoch depend on; none that say it themselves is made for it."""
    data = EpochData(batches)
    if not data.settings:
        next(iter(data), None)
        data.close()
    return data.settings


def labelled(train_batches: Callable[[int], Iterable[Batch]], epoch: int, ignore_index: int | None) -> EpochData:
    """The batches of an epoch, one of which has a label.

    Args:
        train_batches: Gives the batches of an epoch.
        epoch: Its number.
        ignore_index: The label that stands for none, where the trainer's own loss is used.

    Raises:
        LabelsError: None has.
    """
    data = EpochData(train_batches(epoch), epoch)
    for number, batch in enumerate(data):
        if says_nothing(batch[1], ignore_index):
            continue
        if not number:
            return data.before(batch)
        data.close()
        return EpochData(train_batches(epoch), epoch)
    if not data.settings:
        return data  # there is no batch at all, which the loop says
    what = "an image has a box" if ignore_index is None else f"a label is another than {ignore_index} (ignore_index)"
    raise LabelsError(f"in no batch of the training data {what}: there is nothing to learn")
