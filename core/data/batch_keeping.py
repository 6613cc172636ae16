"""Writes the batches of a pass to a file, as far as they fit."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path
from typing import BinaryIO

from prunekit.core.array_file import ArrayFile, ArrayFileWriter
from prunekit.core.data.contract import Batch
from prunekit.core.value_codec import NotStorableError, pack

_AGAIN = "the rest is decoded again in each pass"


class Keeping:
    """A pass whose batches are kept up to the first one that cannot be; never in the way of the pass itself.

    Args:
        path: The file; a process that has an older one open keeps that.
        limit: Most bytes to keep.

    Attributes:
        why_not: Why not all are kept; empty as long as they are.
    """

    def __init__(self, path: Path, limit: float) -> None:
        self.why_not = ""
        self._path, self._limit, self._size = path, limit, 0
        self._file: BinaryIO | None = None
        self._whole = False

    def __enter__(self) -> Keeping:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            # not overwritten: it may be mapped by a process that outlived its parent
            self._path.unlink(missing_ok=True)
            self._free = shutil.disk_usage(self._path.parent).free / 2
            self._file = self._path.open("xb")
            self._writer = ArrayFileWriter(self._file)
        except OSError as problem:
            self._give_up(problem)
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):  # a full disk, once more
                self._file.close()
            if not self._whole:
                self._path.unlink(missing_ok=True)

    def add(self, batch: Batch) -> None:
        """Keep a batch, if all before it were kept and it fits."""
        if self.why_not:
            return
        try:
            packed = pack(batch)
            if self._fits(packed.nbytes):
                self._writer.write(packed)
                self._size += packed.nbytes
        except NotStorableError as problem:
            self.why_not = f"a batch holds {problem}, which is not kept decoded; {_AGAIN}"
        except OSError as problem:
            self._give_up(problem)

    def whole(self) -> ArrayFile | None:
        """End the file and open it; None where it cannot be written."""
        if self._file is None:
            return None
        self._writer.note["all"] = not self.why_not
        try:
            self._writer.end()
            self._file.close()
        except OSError as problem:
            self._give_up(problem)
            return None
        self._whole = True
        return ArrayFile(self._path)

    def _fits(self, nbytes: int) -> bool:
        if self._size + nbytes > self._limit:
            self.why_not = f"{_size(self._size)} of decoded samples are kept, as cache_gb says; {_AGAIN}"
        elif self._size + nbytes > self._free:
            self.why_not = f"{_size(self._size)} of decoded samples are kept, half of what the disk has left; {_AGAIN}"
        return not self.why_not

    def _give_up(self, problem: OSError) -> None:
        self.why_not = f"decoded samples cannot be kept in {self._path} ({problem.strerror}); {_AGAIN}"
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()
            self._path.unlink(missing_ok=True)
            self._file = None


def _size(nbytes: float) -> str:
    return f"{nbytes / 1e9:.3g} GB"
