from __future__ import annotations

import os
import pickle
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from prunekit.core import weights
from prunekit.core.atomic_file import WriteError
from prunekit.core.weights import WeightsError
from prunekit.plugins.backends.pytorch.backend import PytorchBackend
from prunekit.plugins.backends.pytorch.module_tree import named_tensors
from prunekit.plugins.backends.pytorch.weights import save_weights

BACKEND = PytorchBackend()


class Bomb:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> Any:
        return (os.system, (f"touch {self.marker}",))


def load_weights(network: nn.Module, path: Path) -> None:
    weights.load_weights(BACKEND, network, path)


def read_weights(path: Path) -> dict[str, Any]:
    return weights.read_weights(path, BACKEND)


def network() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(4, 2))


def same(one: nn.Module, other: nn.Module) -> bool:
    states = one.state_dict(), other.state_dict()
    return states[0].keys() == states[1].keys() and all(torch.equal(states[0][k], states[1][k]) for k in states[0])


@pytest.mark.parametrize("form", ["plain", "nested", "parallel", "npz", "tar", "legacy"])
def test_every_form_is_read(tmp_path: Path, form: str) -> None:
    source, goal = network(), network()
    state = source.state_dict()
    path = tmp_path / {"npz": "w.npz", "tar": "w.pth.tar"}.get(form, "w.pth")
    if form == "npz":
        np.savez(path, **{name: tensor.numpy() for name, tensor in state.items()})
    elif form == "nested":
        torch.save({"state_dict": state, "epoch": 3}, path)
    elif form == "parallel":
        torch.save({f"module.{name}": tensor for name, tensor in state.items()}, path)
    else:
        torch.save(state, path, _use_new_zipfile_serialization=form != "legacy")
    load_weights(goal, path)
    assert same(source, goal)


def test_safetensors_round_trip_leaves_no_temporary_file(tmp_path: Path) -> None:
    source, goal = network(), network()
    path = tmp_path / "w.safetensors"
    path.write_bytes(b"old")
    save_weights(source, path)
    load_weights(goal, path)
    assert same(source, goal) and os.listdir(tmp_path) == ["w.safetensors"]


def test_shared_tensors_and_strides_are_written(tmp_path: Path) -> None:
    source = nn.ModuleDict({"a": nn.Linear(3, 3), "b": nn.Linear(3, 3)})
    source["b"].weight = source["a"].weight
    source["c"] = nn.Conv2d(4, 4, 3).to(memory_format=torch.channels_last)
    save_weights(source, tmp_path / "w.safetensors")
    found = read_weights(tmp_path / "w.safetensors")
    assert found.keys() == source.state_dict().keys()
    assert np.array_equal(found["a.weight"], found["b.weight"])
    assert np.array_equal(found["c.weight"], source["c"].weight.detach().numpy())


def test_failed_write_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "w.safetensors"
    save_weights(network(), path)
    before = path.read_bytes()

    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(WriteError, match="cannot be written: No space left"):
        save_weights(network(), path)
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["w.safetensors"]


@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize("way", ["zip", "legacy", "bare", "tensor beside"])
def test_code_in_a_file_is_refused_and_not_run(tmp_path: Path, protocol: int, way: str) -> None:
    marker, path = tmp_path / "ran", tmp_path / "evil.pth"
    if way == "bare":
        path.write_bytes(pickle.dumps(Bomb(marker), protocol=protocol))
    else:
        content = {"w": torch.zeros(1), "x": Bomb(marker)} if way == "tensor beside" else Bomb(marker)
        torch.save(content, path, pickle_protocol=protocol, _use_new_zipfile_serialization=way != "legacy")
    with pytest.raises(WeightsError, match=r"evil.pth holds more than tensors.*nothing was run") as caught:
        load_weights(network(), path)
    assert not marker.exists() and "\n" not in str(caught.value)


def test_pickle_in_npz_is_refused_and_not_run(tmp_path: Path) -> None:
    bomb = np.empty(1, dtype=object)
    bomb[0] = Bomb(tmp_path / "ran")
    np.savez(tmp_path / "w.npz", w=bomb)
    with pytest.raises(WeightsError, match="cannot be read as weights"):
        read_weights(tmp_path / "w.npz")
    assert not (tmp_path / "ran").exists()


def test_whole_network_is_refused_with_its_class(tmp_path: Path) -> None:
    torch.save(network(), tmp_path / "w.pth")
    with pytest.raises(WeightsError, match=r"torch.nn.modules.container.Sequential.*state_dict\(\) alone"):
        read_weights(tmp_path / "w.pth")


@pytest.mark.parametrize("suffix", [".pth", ".safetensors", ".npz", ".pt"])
@pytest.mark.parametrize("content", [b"", b"garbage that is no file of any kind", b"PK\x03\x04"])
def test_broken_files_raise_one_error(tmp_path: Path, suffix: str, content: bytes) -> None:
    path = tmp_path / f"w{suffix}"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=rf"w\{suffix}"):
        read_weights(path)


def test_missing_file_and_unknown_kind(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no such weights file"):
        read_weights(tmp_path / "w.pth")
    (tmp_path / "w.h5").touch()
    with pytest.raises(WeightsError, match=r"weights are read from \.safetensors, \.npz, \.pth, \.pt, \.tar"):
        read_weights(tmp_path / "w.h5")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([1, 2], "holds a list"),
        ({"epoch": 1, "weights": {}}, "no tensor under epoch, weights"),
        ({1: 2}, "no tensor under 1;"),
    ],
)
def test_what_is_no_state_dict(tmp_path: Path, content: object, message: str) -> None:
    torch.save(content, tmp_path / "w.pth")
    with pytest.raises(WeightsError, match=message):
        read_weights(tmp_path / "w.pth")


def test_mismatch_names_keys_and_shapes_and_changes_nothing(tmp_path: Path) -> None:
    source = nn.Sequential(nn.Conv2d(3, 5, 3), nn.BatchNorm2d(5), nn.Flatten(), nn.Linear(5, 2))
    state = source.state_dict()
    del state["1.bias"]
    torch.save({**state, "extra.weight": torch.zeros(1)}, tmp_path / "w.pth")
    goal = network()
    before = {name: tensor.clone() for name, tensor in goal.state_dict().items()}
    with pytest.raises(WeightsError) as caught:
        weights.load_own(BACKEND, goal, tmp_path / "w.pth")
    text = str(caught.value)
    assert "does not fit Sequential (9 tensors): 1 missing: 1.bias; 1 unexpected: extra.weight" in text
    assert "6 of another shape: 0.weight [5, 3, 3, 3] in the file, [4, 3, 3, 3] in the network" in text
    assert text.endswith("...; weights and network must be of one kind, with the same class_num and other parameters")
    assert all(torch.equal(before[name], tensor) for name, tensor in goal.state_dict().items())


def test_counters_may_be_missing(tmp_path: Path) -> None:
    state = network().state_dict()
    del state["1.num_batches_tracked"]
    torch.save(state, tmp_path / "w.pth")
    loaded = network()
    load_weights(loaded, tmp_path / "w.pth")
    assert all(torch.equal(loaded.state_dict()[name], tensor) for name, tensor in state.items())


def test_bfloat16_is_read_as_float32_and_goes_back(tmp_path: Path) -> None:
    source, goal = network().bfloat16(), network().bfloat16()
    for path in (tmp_path / "w.safetensors", tmp_path / "w.pth"):
        save_weights(source, path)
        found = read_weights(path)
        assert np.array_equal(found["0.weight"], source[0].weight.detach().float().numpy())
        load_weights(goal, path)
        assert same(source, goal) and goal[0].weight.dtype == torch.bfloat16


@pytest.mark.parametrize("name", ["w.pth", "w.pt", "w.pth.tar", "w.safetensors"])
def test_what_is_written_is_what_the_suffix_says(tmp_path: Path, name: str) -> None:
    source = network()
    BACKEND.save(source, tmp_path / name)
    if name != "w.safetensors":
        state = torch.load(tmp_path / name, weights_only=True)
        assert all(torch.equal(state[key], tensor) for key, tensor in source.state_dict().items())
    goal = network()
    load_weights(goal, tmp_path / name)
    assert same(source, goal)


def test_other_files_are_not_written(tmp_path: Path) -> None:
    with pytest.raises(
        WeightsError, match=r"w\.ckpt: weights are written as \.safetensors, \.pth, \.pt, \.tar files only"
    ):
        BACKEND.save(network(), tmp_path / "w.ckpt")
    assert not os.listdir(tmp_path)


def test_parameters_stay_the_objects_that_they_are() -> None:
    goal = network()
    parameters, arrays = list(goal.parameters()), BACKEND.state_arrays(network())
    BACKEND.load(goal, arrays)
    assert all(one is other for one, other in zip(parameters, goal.parameters(), strict=True))
    assert all(np.array_equal(arrays[name], array) for name, array in BACKEND.state_arrays(goal).items())


def test_arrays_that_do_not_fit_change_nothing() -> None:
    goal = network()
    before = BACKEND.state_arrays(goal)
    arrays = {name: array + 1 for name, array in before.items()}
    for wrong in ({**arrays, "0.weight": np.zeros(4)}, {k: v for k, v in arrays.items() if k != "3.bias"}):
        with pytest.raises(WeightsError, match="what was given does not fit Sequential"):
            BACKEND.load(goal, wrong)
        assert all(np.array_equal(before[name], array) for name, array in BACKEND.state_arrays(goal).items())


def test_state_that_is_no_tensor_is_refused(tmp_path: Path) -> None:
    class Odd(nn.Module):
        def get_extra_state(self) -> str:
            return "text"

    with pytest.raises(WeightsError, match="more than tensors in its state: _extra_state"):
        save_weights(Odd(), tmp_path / "w.safetensors")


class Masked(nn.Module):
    """All that may be infinite: a mask as a buffer, one as a parameter that is not trained, something kept."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 2)
        self.register_buffer("mask", torch.full((2, 2), -torch.inf).triu(1))
        self.fixed = nn.Parameter(torch.tensor([0.0, -torch.inf]), requires_grad=False)
        self.register_buffer("last", torch.full((2,), torch.nan))
        self.lazy = nn.LazyLinear(3)
        self.elsewhere = nn.Linear(2, 2, device="meta")


def test_what_may_be_infinite_is_sound() -> None:
    assert BACKEND.unsound_weights(Masked()) == {}


@pytest.mark.parametrize(
    ("name", "value", "what"),
    [
        ("0.weight", np.nan, "NaN"),
        ("0.bias", np.inf, "infinite values"),
        ("1.running_mean", np.inf, "infinite values"),
        ("1.running_var", np.nan, "NaN"),
        ("1.running_var", -1e-3, "variances below 0"),
    ],
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
def test_unsound_weights_are_named(name: str, value: float, what: str, dtype: torch.dtype) -> None:
    broken = network().to(dtype)
    dict(named_tensors(broken))[name].data.view(-1)[-1] = value
    assert BACKEND.unsound_weights(broken) == {name: what}
    assert BACKEND.unsound_weights(nn.DataParallel(broken)) == {name: what}


def test_nan_in_what_is_not_trained_is_unsound_too() -> None:
    broken = network().requires_grad_(False)
    broken[0].weight.data[0] = np.nan
    assert BACKEND.unsound_weights(broken) == {"0.weight": "NaN"}


@pytest.mark.parametrize(("dtype", "largest"), [(torch.float32, 1e39), (torch.float16, 7e4), (torch.bfloat16, 1e300)])
def test_weights_that_do_not_fit_the_dtype_are_told(tmp_path: Path, dtype: torch.dtype, largest: float) -> None:
    state = {name: tensor.double() for name, tensor in network().state_dict().items()}
    state["3.weight"][0, 0] = -largest
    torch.save(state, tmp_path / "w.pth")
    told = re.escape(f"w.pth: nothing can be computed with 1 tensor: 3.weight ({largest:.3g} is too large for the")
    with pytest.raises(WeightsError, match=told):
        load_weights(network().to(dtype), tmp_path / "w.pth")
