from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from prunekit.core.data import DataError
from prunekit.core.data.example_input_files import read_inputs

X, IDS = np.arange(6, dtype=np.float32).reshape(2, 3), np.arange(4).reshape(2, 2)


def no_framework(path: Path) -> Any:
    raise AssertionError(path)


def read(path: Path) -> Any:
    return read_inputs(path, no_framework)


def test_arrays_without_names_are_positional(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", X, IDS)
    save_file({"arr_1": IDS, "arr_0": X}, tmp_path / "a.safetensors")
    for name in ("a.npz", "a.safetensors"):
        found = read(tmp_path / name)
        assert isinstance(found, tuple) and np.array_equal(found[0], X) and np.array_equal(found[1], IDS)
        assert found[0].dtype == np.float32 and found[1].dtype == np.int64


@pytest.mark.parametrize("kind", [">f4", "g", "<f8"])
def test_numbers_are_as_frameworks_take_them(tmp_path: Path, kind: str) -> None:
    np.savez(tmp_path / "a.npz", X.astype(kind))
    (found,) = read(tmp_path / "a.npz")
    assert found.dtype == {">f4": np.float32}.get(kind, np.float64) and found.dtype.isnative
    assert np.array_equal(found, X)


def test_what_is_no_file_is_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.npz")
    with pytest.raises(DataError, match=r"a\.npz is a pipe \(fifo\), not a file"):
        read(tmp_path / "a.npz")
    (tmp_path / "b.npz").write_text("<html>")
    with pytest.raises(DataError, match=r"b\.npz cannot be read as a network's inputs: it is a web page"):
        read(tmp_path / "b.npz")


def test_arrays_with_names_are_keywords(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", image=X, ids=IDS)
    save_file({"image": X, "ids": IDS}, tmp_path / "a.safetensors")
    for name in ("a.npz", "a.safetensors"):
        found = read(tmp_path / name)
        assert isinstance(found, dict) and found.keys() == {"image", "ids"} and np.array_equal(found["ids"], IDS)


def test_every_other_file_is_the_frameworks() -> None:
    path = Path(__file__)
    assert isinstance(read_inputs(path, lambda given: [X, IDS] if given == path else None), tuple)
    assert read_inputs(path, lambda _: X) is X
    assert isinstance(read_inputs(path, lambda _: ([X, X], IDS))[0], list)  # a list inside is one argument


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([X, "text"], "holds a str at [1]; a network's inputs are tensors, in a list (positional) or a dict"),
        ({"a": X, "b": [X, None]}, "holds a NoneType at b[1]; a network's inputs are tensors"),
        (X.astype(complex), "holds an array of complex128; a network's inputs are tensors"),
        ({1: X}, "holds a dict with the key 1; keys are names of a network's arguments"),
        ({"a.b": X}, "holds a dict with the key 'a.b'; keys are names of a network's arguments"),
        ([], "holds no tensor; a network's inputs are a list (positional) or a dict (keywords)"),
    ],
)
def test_what_is_no_networks_input(content: Any, message: str) -> None:
    with pytest.raises(DataError) as caught:
        read_inputs(Path(__file__), lambda _: content)
    assert f"{Path(__file__).name} {message}" in str(caught.value)


@pytest.mark.parametrize("name", ["a.npz", "a.safetensors"])
@pytest.mark.parametrize("content", [b"", b"garbage", b"PK\x03\x04"])
def test_broken_files(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=rf"{name} cannot be read as a network's inputs: .") as caught:
        read(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a\.npz: there is no such file"):
        read(tmp_path / "a.npz")


def test_pickle_in_npz_is_refused_and_not_run(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> Any:
            return Path.touch, (tmp_path / "ran",)

    bomb = np.empty(1, dtype=object)
    bomb[0] = Bomb()
    np.savez(tmp_path / "a.npz", x=bomb)
    with pytest.raises(DataError, match="cannot be read as a network's inputs: it holds Python objects") as told:
        read(tmp_path / "a.npz")
    assert "allow_pickle" not in str(told.value) and not (tmp_path / "ran").exists()
