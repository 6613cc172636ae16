"""Which images of a dataset with lists of its own are for training, for the search, and for final figures."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from prunekit.core.data.contract import DataError
from prunekit.core.data.splits import permuted, take

SetName: TypeAlias = Literal["train", "val", "test"]
TestSets: TypeAlias = Annotated[list[Literal["val", "test"]], Field(min_length=1)]
TestPortion: TypeAlias = Annotated[float, Field(gt=0, lt=1)]
_TEST_PORTION = 0.2
_HELD_OUT = 1000  # images that a search evaluates on


@dataclass(frozen=True)
class SetChoice:
    """Which images a split takes; no image is in two of them.

    ``train`` and ``val`` share the images of the set ``train`` by a fixed permutation, so that the sets that final
    figures are told of are never searched on. Where there is no other set, ``test`` is a share of ``train``.

    Args:
        split: ``train``, ``val`` or ``test``.
        train_portion: Share of the training part that is not held out for ``val``.
        test_portion: Share of the images that is for ``test`` where there is only one set; None is 0.2.
        test_sets: The sets that ``test`` takes; None is the set test if there is one, else the set val.
        samples: At most so many images; None is 1,000 for ``val`` and all for the others.
    """

    split: str
    train_portion: float
    test_portion: float | None = None
    test_sets: Sequence[str] | None = None
    samples: int | None = None

    def sets(self, found: Collection[str], where: str) -> tuple[str, ...]:
        """The sets whose images the split takes from.

        Args:
            found: The names of those that there are.
            where: What messages call the place where they were looked for.

        Raises:
            DataError: One is missing, or a parameter has no effect.
        """
        if "train" not in found:
            raise DataError(f"{where} has no set train (it has {', '.join(found) or 'none'}); images are trained on it")
        others = [name for name in ("test", "val") if name in found]
        if others and self.test_portion is not None:
            raise DataError(f"test_portion has no effect: the set {others[0]} is for final figures; leave it out")
        missing = [name for name in self.test_sets or () if name not in found]
        if missing:
            raise DataError(f"test_sets names {missing[0]}, but {where} has only {', '.join(found)}")
        if self.split != "test":
            return ("train",)
        return tuple(dict.fromkeys(self.test_sets or others[:1] or ["train"]))

    def order(self, count: int, whole: bool) -> NDArray[np.int64]:
        """Which of the images in those sets the split takes, in a fixed order.

        Args:
            count: How many images the sets have together.
            whole: Whether there are other sets, so that this one is not shared with ``test``.

        Raises:
            DataError: None is left, or an argument is out of its range.
        """
        order = permuted(count)
        if not whole:
            portion = _TEST_PORTION if self.test_portion is None else self.test_portion
            if not 0 < portion < 1:
                raise DataError(f"test_portion is {portion}; it must be above 0 and below 1")
            cut = round(count * portion)
            if not 0 < cut < count:
                raise DataError(f"test_portion {portion} of {count} images puts {cut} into test")
            order = order[:cut] if self.split == "test" else order[cut:]
        samples = _HELD_OUT if self.samples is None and self.split == "val" else self.samples
        return take(order, self.split, self.train_portion, samples)
