"""Weights files that need no framework, and who reads the others."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import save_file

from prunekit.core.weights import WeightsError, read_weights
from prunekit.registry import Entry, Register, RegisterType

WEIGHT, COUNT = np.arange(6, dtype=np.float32).reshape(2, 3), np.array(3)


class Ours:
    """As much of a backend as reading needs."""

    name = "ours"
    weight_suffixes = (".our",)

    def __init__(self, device: str = "CPU") -> None: ...

    def read_weights(self, path: Path) -> dict[str, NDArray[Any]]:
        return {"mine": np.full(2, float(path.read_text()))}


class Theirs(Ours):
    name = "theirs"
    weight_suffixes = (".their",)


def read(path: Path) -> dict[str, NDArray[Any]]:
    return read_weights(path, Ours())  # type: ignore[arg-type]


@pytest.fixture
def alone() -> Iterator[None]:
    """No backend is registered but those of the test."""
    with Register.isolated():
        Register._table.declared = []
        Register._table.components = {}
        yield


def test_npz_and_safetensors(tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", weight=WEIGHT, count=COUNT)
    save_file({"weight": WEIGHT, "count": COUNT}, tmp_path / "w.safetensors")
    for name in ("w.npz", "w.safetensors"):
        found = read(tmp_path / name)
        assert found.keys() == {"weight", "count"}
        assert np.array_equal(found["weight"], WEIGHT) and found["weight"].dtype == np.float32
        assert found["count"].shape == () and found["count"] == 3 and found["count"].dtype == np.int64


def test_a_capital_suffix_is_the_same(tmp_path: Path) -> None:
    save_file({"weight": WEIGHT}, tmp_path / "w.SafeTensors")
    assert np.array_equal(read(tmp_path / "w.SafeTensors")["weight"], WEIGHT)


def stored(path: Path, kind: str, content: bytes, shape: list[int]) -> Path:
    """A safetensors file written by hand."""
    header = json.dumps({"w": {"dtype": kind, "shape": shape, "data_offsets": [0, len(content)]}}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + content)
    return path


def test_bfloat16_is_float32(tmp_path: Path) -> None:
    """1, -2 and the number next to 3 that bfloat16 has, by their bits."""
    path = stored(tmp_path / "w.safetensors", "BF16", struct.pack("<3H", 0x3F80, 0xC000, 0x4041), [3])
    found = read(path)["w"]
    assert found.dtype == np.float32 and list(found) == [1.0, -2.0, 3.015625]


def test_numbers_that_numpy_lacks(tmp_path: Path) -> None:
    path = stored(tmp_path / "w.safetensors", "F8_E4M3", b"\x00\x01", [2])
    with pytest.raises(WeightsError, match=r"w is no array of real .*\(numbers of type F8_E4M3\)"):
        read(path)


def test_text_is_no_weight(tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", a=WEIGHT, note=np.array("hello"))
    with pytest.raises(WeightsError, match=r"w\.npz cannot be read as weights: note is no array of real numbers"):
        read(tmp_path / "w.npz")


@pytest.mark.parametrize("suffix", [".safetensors", ".npz", ".our"])
@pytest.mark.parametrize("content", [b"", b"garbage", b"PK\x03\x04", b"\xff" * 64])
def test_a_broken_file_is_one_error(tmp_path: Path, suffix: str, content: bytes) -> None:
    path = tmp_path / f"w{suffix}"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=rf"w\{suffix} cannot be read as weights: ") as caught:
        read(path)
    assert "\n" not in str(caught.value)


def test_the_backend_reads_its_own(tmp_path: Path) -> None:
    (tmp_path / "w.our").write_text("5")
    assert list(read(tmp_path / "w.our")["mine"]) == [5.0, 5.0]


@pytest.mark.usefixtures("alone")
def test_another_backend_reads_its_own_and_is_asked_second(tmp_path: Path) -> None:
    Register.register(RegisterType.BACKEND, Theirs, name="theirs")
    (tmp_path / "w.their").write_text("7")
    assert list(read(tmp_path / "w.their")["mine"]) == [7.0, 7.0]
    (tmp_path / "w.h5").write_text("7")
    with pytest.raises(
        WeightsError, match=r"w\.h5: weights are read from \.safetensors, \.npz, \.our, \.their files only$"
    ):
        read(tmp_path / "w.h5")


@pytest.mark.usefixtures("alone")
def test_a_file_of_a_framework_that_is_not_there(tmp_path: Path) -> None:
    Register._table.declare(
        [Entry(RegisterType.BACKEND, name, name, "no_such_module:Made") for name in ("theirs", "ours")]
    )
    (tmp_path / "w.their").write_text("7")
    with pytest.raises(WeightsError) as caught:
        read(tmp_path / "w.their")
    assert str(caught.value) == (
        f"{tmp_path / 'w.their'}: weights are read from .safetensors, .npz, .our files only; if it is a file of theirs,"
        " which cannot be imported here, write a .safetensors file where it can: prunekit convert w.their"
        " --network NAME --from theirs --to ours"
    )


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"w\.our: there is no such weights file"):
        read(tmp_path / "w.our")
    with pytest.raises(WeightsError, match="is a folder, not a file"):
        read(tmp_path)
