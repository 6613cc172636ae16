"""Batches that are decoded once and iterated again: what comes is what a new pass would decode."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from prunekit.core.array_file import ArrayFileError
from prunekit.core.data.batch_cache import CachedBatches
from prunekit.core.data.contract import Batch, DataError
from prunekit.core.data.nested import leaves

SIZE = 3 * 4 * 4 + 4 * 8  # bytes of a batch of `Source`, inputs and target


class Source:
    """Six batches, and how often each was made."""

    def __init__(self, batches: list[Batch] | None = None) -> None:
        rng = np.random.default_rng(0)
        self.batches = batches or [(rng.random((4, 3), np.float32), rng.integers(0, 9, 4)) for _ in range(6)]
        self.made = [0] * len(self.batches)

    def __call__(self, number: int) -> Iterator[Batch]:
        for place in range(number, len(self.batches)):
            self.made[place] += 1
            yield self.batches[place]


def bits(batches: Any) -> list[list[tuple[Any, ...]]]:
    """Every array in order, to the bit, and everything else as it is."""
    return [
        [(leaf.dtype.str, leaf.shape, leaf.tobytes()) if isinstance(leaf, np.ndarray) else leaf for leaf in leaves(b)]
        for b in batches
    ]


def test_batches_are_made_once_and_stay_what_they_are(tmp_path: Path) -> None:
    source = Source()
    cached = CachedBatches(source, tmp_path / "deep/x", 1e9)
    for _ in range(3):
        assert bits(cached) == bits(source.batches)
    assert source.made == [1] * 6


@pytest.mark.parametrize("kept", range(7))
def test_what_does_not_fit_is_made_again_in_each_pass(tmp_path: Path, kept: int) -> None:
    source, told = Source(), list[str]()
    cached = CachedBatches(source, tmp_path / "x", kept * SIZE + 1, told.append)
    for _ in range(3):
        assert bits(cached) == bits(source.batches)
    assert source.made == [1] * kept + [3] * (6 - kept)
    assert len(told) == (kept < 6) and (tmp_path / "x").stat().st_size < kept * SIZE + 2000
    assert not told or "as cache_gb says; the rest is decoded again in each pass" in told[0]


def test_nothing_is_kept_and_nobody_told_where_the_user_wants_it(tmp_path: Path) -> None:
    source, told = Source(), list[str]()
    cached = CachedBatches(source, tmp_path / "x", 0, told.append)
    assert bits(cached) == bits(cached) == bits(source.batches) and source.made == [2] * 6 and not told


def test_ragged_and_nested_batches_come_back_as_they_are(tmp_path: Path) -> None:
    boxes = [{"boxes": np.float32([[1, 2, 3, 4]] * n), "labels": np.arange(n), "name": f"{n}.jpg"} for n in (0, 2, 5)]
    images = [np.ones((3, n, 4), np.float16) for n in (1, 2)]
    batches: list[Batch] = [
        (images, boxes), ({"ids": np.int64([[1]]), "mask": (np.array([[True]]), None)}, np.float64([0.5])),
        ((np.zeros(1), 3), [("a", 0.1, b"\x00")]),
    ]  # fmt: skip
    source = Source(batches)
    cached = CachedBatches(source, tmp_path / "x", 1e9)
    for _ in range(2):
        found = list(cached)
        assert bits(found) == bits(batches) and source.made == [1] * 3
    assert type(found[0][0]) is list and found[0][1][1].keys() == boxes[1].keys() and type(found[2][0]) is tuple


class Boxes:
    """A target of somebody's own class."""


def test_a_batch_that_cannot_be_kept_is_made_again_and_told_once(tmp_path: Path) -> None:
    source, told = Source(), list[str]()
    source.batches[2] = (source.batches[2][0], [Boxes()])
    cached = CachedBatches(source, tmp_path / "x", 1e9, told.append)
    for _ in range(3):
        assert list(cached)[2][1][0] is source.batches[2][1][0]
    assert source.made == [1, 1, 3, 3, 3, 3]
    assert len(told) == 1 and told[0].endswith(
        "Boxes, which is not kept decoded; the rest is decoded again in each pass"
    )


def test_a_pass_that_was_left_is_made_anew(tmp_path: Path) -> None:
    source = Source()
    cached = CachedBatches(source, tmp_path / "x", 1e9)
    passing = iter(cached)
    next(passing)
    assert len(list(cached)) == 6  # beside it
    passing.close()
    assert os.listdir(tmp_path) == [] and len(list(cached)) == 6 == len(list(cached))
    assert source.made == [3, 2, 2, 2, 2, 2]


def test_what_the_data_raises_leaves_nothing(tmp_path: Path) -> None:
    def broken(number: int) -> Iterator[Batch]:
        yield np.zeros(3), 0
        raise DataError("sample 3")

    cached = CachedBatches(broken, tmp_path / "x", 1e9)
    with pytest.raises(DataError, match="sample 3"):
        cached.make_once()
    assert os.listdir(tmp_path) == []


def test_who_gets_a_batch_may_write_into_its_target_only(tmp_path: Path) -> None:
    cached = CachedBatches(Source(), tmp_path / "x", 1e9)
    cached.make_once()
    inputs, target = next(iter(cached))
    target[:] = -1
    assert not inputs.flags.writeable and (next(iter(cached))[1] >= 0).all()


def test_a_full_disk_costs_the_cache_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from prunekit.core.array_file import ArrayFileWriter

    write, told, source = ArrayFileWriter.write, list[str](), Source()

    def fills(self: ArrayFileWriter, packed: Any) -> None:
        if len(self._values) == 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(self, packed)

    monkeypatch.setattr(ArrayFileWriter, "write", fills)
    cached = CachedBatches(source, tmp_path / "x", 1e9, told.append)
    for _ in range(2):
        assert bits(cached) == bits(source.batches)
    assert source.made == [2] * 6 and os.listdir(tmp_path) == [] and len(told) == 1
    assert f"{tmp_path / 'x'} (No space left on device); the rest is decoded again" in told[0]


def test_half_of_what_the_disk_has_left_stays_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil
    from types import SimpleNamespace

    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=5 * SIZE))
    source, told = Source(), list[str]()
    cached = CachedBatches(source, tmp_path / "x", 1e9, told.append)
    assert bits(cached) == bits(cached) and source.made == [1] * 2 + [2] * 4
    assert "half of what the disk has left" in told[0]


def test_others_read_what_one_has_decoded(tmp_path: Path) -> None:
    source = Source()
    CachedBatches(source, tmp_path / "x", 4 * SIZE).make_once()
    again = Source()
    for _ in range(2):
        assert bits(CachedBatches.opened(again, tmp_path / "x")) == bits(source.batches)
    assert again.made == [0] * 4 + [2] * 2


def test_without_a_file_another_process_decodes(tmp_path: Path) -> None:
    source = Source()
    cached = CachedBatches.opened(source, tmp_path / "x")
    assert bits(cached) == bits(cached) == bits(source.batches) and source.made == [2] * 6
    assert os.listdir(tmp_path) == []


def test_a_file_that_is_not_whole_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(bytes(100))
    with pytest.raises(ArrayFileError, match="is damaged"):
        CachedBatches.opened(Source(), tmp_path / "x")
