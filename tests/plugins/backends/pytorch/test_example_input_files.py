from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from prunekit.core.data import DataError
from prunekit.core.data.example_input_files import read_inputs
from prunekit.plugins.backends.pytorch.backend import PytorchBackend
from prunekit.plugins.backends.pytorch.weights import WeightsError

X, IDS = torch.rand(2, 3, requires_grad=True), torch.arange(4)


def read(path: Path) -> Any:
    return read_inputs(path, PytorchBackend().read_inputs)


@pytest.mark.parametrize("name", ["a.pkl", "a.pth", "a.PT"])
def test_what_torch_saved(tmp_path: Path, name: str) -> None:
    torch.save([X, IDS], tmp_path / name)
    found = read(tmp_path / name)
    assert isinstance(found, tuple) and [type(part) for part in found] == [np.ndarray, np.ndarray]
    assert np.array_equal(found[0], X.detach().numpy()) and found[1].dtype == np.int64
    torch.save({"x": X, "more": {"ids": IDS}}, tmp_path / name)
    assert np.array_equal(read(tmp_path / name)["more"]["ids"], IDS.numpy())
    torch.save(X.bfloat16(), tmp_path / name)
    assert read(tmp_path / name).dtype == np.float32
    torch.save([X, 3], tmp_path / name)
    with pytest.raises(DataError, match=r"holds a int at \[1\]"):
        read(tmp_path / name)


class Bomb:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> Any:
        return Path.touch, (self.marker,)


@pytest.mark.parametrize("way", ["torch", "pickle"])
def test_code_in_a_file_is_refused_and_not_run(tmp_path: Path, way: str) -> None:
    marker, path = tmp_path / "ran", tmp_path / "evil.pkl"
    content = [torch.zeros(1), Bomb(marker)]
    if way == "torch":
        torch.save(content, path)
    else:
        path.write_bytes(pickle.dumps(content))
    with pytest.raises(WeightsError, match=r"evil.pkl holds more than tensors.*nothing was run") as seen:
        read(path)
    assert str(seen.value).endswith("write the tensors alone with torch.save, or as .npz or .safetensors")
    assert not marker.exists() and "\n" not in str(seen.value)


def test_other_files(tmp_path: Path) -> None:
    for name, message in (
        ("a.txt", r"a\.txt: inputs are read from \.npz, \.safetensors, \.pkl, \.pt, \.pth files only"),
        ("a.pkl", r"a\.pkl cannot be read as a network's inputs: ."),
    ):
        (tmp_path / name).write_bytes(b"")
        with pytest.raises(DataError, match=message):
            read(tmp_path / name)


def test_module_classes() -> None:
    network = torch.nn.Sequential(torch.nn.Conv2d(1, 1, 1), torch.nn.Sequential(torch.nn.ReLU()))
    assert PytorchBackend().module_classes(network) == {"Sequential", "Conv2d", "ReLU"}
