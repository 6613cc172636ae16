"""Arrays in a file: the same bits, read-only, shared with the file; damage is told, not followed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from prunekit.core.array_file import ArrayFile, ArrayFileError, read_arrays, write_arrays, writing_arrays
from prunekit.core.value_codec import pack

ARRAYS = [
    np.arange(6, dtype=">i2").reshape(2, 3), np.float16([0.1, -0.0]), np.array(3.5), np.zeros((0, 4), np.float32),
    np.array([True, False]), np.array(["ab", "c"]), np.array([b"x"]), np.arange(12.0).reshape(3, 4).T,
    np.array(["2020-01-01"], "M8[D]"), np.complex64([1j]), np.zeros((2, 0)), np.uint64([2**64 - 1]),
]  # fmt: skip


def test_arrays_come_back_bit_for_bit_and_read_only(tmp_path: Path) -> None:
    write_arrays(tmp_path / "a", {"all": ARRAYS})
    found = read_arrays(tmp_path / "a")["all"]
    for given, got in zip(ARRAYS, found, strict=True):
        assert type(got) is np.ndarray and got.dtype.str == given.dtype.str and got.shape == given.shape
        assert got.tobytes() == given.tobytes() and not (got.size and got.flags.writeable)
        assert got.ctypes.data % got.itemsize == 0


def test_arrays_lie_in_the_file_and_not_in_memory(tmp_path: Path) -> None:
    write_arrays(tmp_path / "a", np.zeros(1000))
    found = read_arrays(tmp_path / "a")
    with (tmp_path / "a").open("r+b") as file:
        file.write(np.float64(7).tobytes())
    assert found[0] == 7 and not found.flags.owndata


def test_several_values_and_a_note(tmp_path: Path) -> None:
    with writing_arrays(tmp_path / "a") as writer:
        for number in range(3):
            writer.write(pack((np.full(number, number), None)))
        writer.note["all"] = True
    found = ArrayFile(tmp_path / "a")
    assert len(found) == 3 and found.note == {"all": True}
    assert [part[0].tolist() for part in found] == [[], [1], [2, 2]]
    with pytest.raises(ArrayFileError, match="holds 3 values, not one"):
        read_arrays(tmp_path / "a")


def test_every_cut_and_every_changed_byte_of_the_index_is_told_or_harmless(tmp_path: Path) -> None:
    path = tmp_path / "a"
    write_arrays(path, [np.arange(4), {"x": (1, 0.5)}])
    whole = path.read_bytes()
    for end in range(len(whole)):
        path.write_bytes(whole[:end])
        with pytest.raises(ArrayFileError, match="is damaged"):
            read_arrays(path)
    for place in range(32, len(whole)):  # behind the array
        for byte in (whole[place] ^ 1, ord("9"), ord("-"), ord('"'), 0xFF):
            path.write_bytes(whole[:place] + bytes([byte]) + whole[place + 1 :])
            try:
                read_arrays(path)
            except ArrayFileError as problem:
                assert "is damaged" in str(problem)


def test_objects_are_never_read(tmp_path: Path) -> None:
    path = tmp_path / "a"
    write_arrays(path, np.arange(4))
    path.write_bytes(path.read_bytes().replace(b'"<i8"', b'"|O8"'))
    with pytest.raises(ArrayFileError, match="is damaged"):
        read_arrays(path)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ArrayFileError, match="cannot be read: No such file"):
        read_arrays(tmp_path / "a")


def test_a_file_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    def write() -> None:
        with writing_arrays(tmp_path / "a") as writer:
            writer.write(pack(np.arange(4)))
            raise KeyError("in the middle")

    with pytest.raises(KeyError):
        write()
    assert os.listdir(tmp_path) == []


def test_a_file_that_a_process_has_mapped_outlives_its_removal(tmp_path: Path) -> None:
    write_arrays(tmp_path / "a", np.arange(4))
    found: Any = read_arrays(tmp_path / "a")
    (tmp_path / "a").unlink()
    assert found.tolist() == [0, 1, 2, 3]
