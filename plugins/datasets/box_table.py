"""The boxes of very many images, as they stand in files: made sound, and told of once."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from prunekit.core.data.contract import DataError, DataWarning
from prunekit.plugins.datasets.scene import area, clipped
from prunekit.registry.errors import one_line

_OUTSIDE = 0.5  # pixels beyond the edge that are rounding


class Boxed(NamedTuple):
    """An image with its boxes, as files describe them.

    Attributes:
        path: Of the image.
        size: Width and height.
        boxes: Left, top, right and bottom edge of each, in pixels.
        labels: Class of each.
        crowd: For each whether it counts neither as found nor as missed.
        number: The image's id; None is its place in the dataset.
        source: The file that says so; messages name it.
    """

    path: Path
    size: tuple[int, int]
    boxes: Sequence[Sequence[float]] | NDArray[np.float64]
    labels: Sequence[int] | NDArray[np.int64]
    crowd: Sequence[int] | NDArray[np.int64]
    number: int | None
    source: Path


@dataclass
class _Told:
    """What a user should know of the boxes of a set."""

    boxes: int = 0
    outside: int = 0
    flat: list[str] = field(default_factory=list)
    greatest: float = 0.0

    def lines(self) -> list[str]:
        told = []
        if self.flat:
            names = ", ".join(list(dict.fromkeys(self.flat))[:3])
            told.append(f"{len(self.flat)} without area dropped ({names}{', ...' if len(set(self.flat)) > 3 else ''})")
        if self.outside:
            told.append(f"{self.outside} that reached outside of their images clipped")
        if self.boxes and self.greatest <= 1:
            told.append(
                f"all lie within 0 and 1 (the greatest value is {self.greatest:g}): are they shares of the image?"
                " Expected are pixels"
            )
        return told


class BoxTable:
    """Images with their boxes, all in a few arrays: a million of them are pickled at once.

    Args:
        images: The images.
        where: What the one warning of clipped and dropped boxes begins with.
    """

    def __init__(self, images: Iterable[Boxed], where: str) -> None:
        told, sides = _Told(), list[NDArray[np.float64]]()
        labels, crowd = list[NDArray[np.int64]](), list[NDArray[np.int64]]()
        self._paths, self._sizes, self._numbers = list[str](), list[tuple[int, int]](), list[int]()
        counts = []
        for image in images:
            boxes, keep = _sound(image, told)
            sides.append(boxes[keep])
            labels.append(np.asarray(image.labels, np.int64)[keep])
            crowd.append(np.asarray(image.crowd, np.int64)[keep])
            counts.append(int(keep.sum()))
            self._numbers.append(len(self._paths) if image.number is None else image.number)
            self._paths.append(str(image.path))
            self._sizes.append(image.size)
        if not counts:
            raise DataError(f"{where} lists no image")
        self._boxes, self._labels, self._crowd = np.concatenate(sides), np.concatenate(labels), np.concatenate(crowd)
        self._ends = np.cumsum(counts)
        if lines := told.lines():
            warnings.warn(f"{where}: of {told.boxes:,} boxes " + "; ".join(lines), DataWarning, stacklevel=2)

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, index: int, /) -> Boxed:
        path = Path(self._paths[index])
        rows = slice(self._ends[index - 1] if index else 0, self._ends[index])
        return Boxed(
            path, self._sizes[index], self._boxes[rows], self._labels[rows], self._crowd[rows], self._numbers[index],
            path,
        )  # fmt: skip

    @property
    def boxes(self) -> int:
        """Number of boxes."""
        return len(self._boxes)


def _sound(image: Boxed, told: _Told) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The boxes, clipped to their image, and which of them have an area."""
    boxes = np.asarray(image.boxes, np.float64).reshape(-1, 4)
    if not np.isfinite(boxes).all():
        raise DataError(f"{one_line(image.source)}: a box has an edge that is no number; mend the file")
    inside = clipped(boxes, *image.size)
    keep = area(inside) > 0
    told.boxes += len(boxes)
    told.outside += int((keep & (np.abs(inside - boxes) > _OUTSIDE).any(axis=1)).sum())
    told.flat += [one_line(image.path.name)] * int((~keep).sum())
    told.greatest = max(told.greatest, float(boxes.max(initial=0)))
    return inside, keep


def class_numbers(given: Sequence[str] | None, found: Callable[[], Iterable[str]], where: str) -> dict[str, int]:
    """The number of each class: in the order given, else of those found.

    Raises:
        DataError: There is none, or one stands twice.
    """
    names = list(found() if given is None else given)
    if not names:
        raise DataError(f"{where} names no class; say classes: [...]")
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise DataError(f"classes has {one_line(twice[0])} twice")
    return {name: number for number, name in enumerate(names)}
