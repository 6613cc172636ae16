"""Batches that are iterated again and again: decoded once into a memory-mapped file, as far as they fit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from prunekit.core.array_file import ArrayFile
from prunekit.core.data.batch_keeping import Keeping
from prunekit.core.data.contract import Batch
from prunekit.core.data.nested import map_once

Make = Callable[[int], Iterable[Batch]]
"""Makes the batches of a pass from the n-th on."""


def _tell_nobody(text: str) -> None:
    """Nobody asked."""


class CachedBatches:
    """The same batches in each pass. The first pass makes them, and keeps as many as fit in a file that others read.

    The file is memory-mapped: its arrays take no memory but what the system can take back, and are shared by the
    processes that open it. The batches that do not fit are made again in each pass. The inputs of a batch are
    read-only, its target belongs to whoever gets it.

    Args:
        make: Makes batches; the same ones in each pass.
        path: The file. One that an earlier process left there is replaced.
        limit: Most bytes to keep; it is never more than half of what is free on the disk.
        tell: Is told once, in a sentence, if not all are kept.
    """

    def __init__(self, make: Make, path: Path, limit: float, tell: Callable[[str], object] = _tell_nobody) -> None:
        self._make, self._path, self._limit, self._tell = make, path, limit, tell
        self._kept: ArrayFile | None = None
        self._made = self._making = False

    @classmethod
    def opened(cls, make: Make, path: Path) -> CachedBatches:
        """Those of which another process has made the first pass; without its file they are made in each pass.

        Raises:
            ArrayFileError: The file is damaged.
        """
        found = cls(make, path, 0)
        found._kept, found._made = ArrayFile(path) if path.exists() else None, True
        return found

    def __iter__(self) -> Iterator[Batch]:
        if self._kept is not None:
            return self._again(self._kept)
        return iter(self._make(0)) if self._made or self._making else self._first()

    def make_once(self) -> None:
        """Make the first pass now if none was made: what is wrong with the data shall not show after hours."""
        if not self._made:
            for _ in self:
                pass

    def _again(self, kept: ArrayFile) -> Iterator[Batch]:
        for number in range(len(kept)):
            inputs, target = kept[number]
            yield inputs, map_once(_own, target)
        if not kept.note.get("all"):
            yield from self._make(len(kept))

    def _first(self) -> Iterator[Batch]:
        self._making = True
        try:
            with Keeping(self._path, self._limit) as keeping:
                for batch in self._make(0):
                    keeping.add(batch)
                    yield batch
                self._kept, self._made = keeping.whole(), True
        finally:
            self._making = False
        if keeping.why_not and self._limit:
            self._tell(keeping.why_not)


def _own(leaf: Any) -> Any:
    return leaf.copy() if isinstance(leaf, np.ndarray) else leaf
