"""Weights from and to MindSpore's own files, and every way in which they can be wrong."""

from __future__ import annotations

import os
import pickle
import re
import stat
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open

from prunekit.core import weights
from prunekit.core.atomic_file import WriteError
from prunekit.core.weights import WeightsError, load_weights, read_weights
from prunekit.plugins.backends.mindspore.backend import MindsporeBackend
from prunekit.plugins.backends.mindspore.weights import save_weights

import mindspore  # isort: skip
from mindspore.train.checkpoint_pb2 import Checkpoint  # isort: skip
from mindspore import Parameter, Tensor, nn  # isort: skip

BACKEND = MindsporeBackend()
SUFFIXES = [".ckpt", ".safetensors"]


def network(seed: int = 0) -> nn.Cell:
    made = nn.SequentialCell(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Dense(4, 2))
    rng = np.random.default_rng(seed)
    for parameter in made.get_parameters():
        parameter.set_data(Tensor(rng.random(parameter.shape, dtype=np.float32)))
    return made


def same(one: nn.Cell, other: nn.Cell) -> bool:
    states = BACKEND.state_arrays(one), BACKEND.state_arrays(other)
    return states[0].keys() == states[1].keys() and all(np.array_equal(states[0][k], states[1][k]) for k in states[0])


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_round_trip_leaves_nothing_else(tmp_path: Path, suffix: str) -> None:
    source, goal, path = network(0), network(1), tmp_path / f"w{suffix}"
    path.write_bytes(b"old")
    BACKEND.save(source, path)
    assert not same(source, goal)
    weights.load_own(BACKEND, goal, path)
    assert same(source, goal) and os.listdir(tmp_path) == [path.name]
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~mask


@pytest.mark.parametrize(("suffix", "form"), [(".ckpt", "ckpt"), (".safetensors", "safetensors")])
def test_mindspore_itself_reads_what_is_written(tmp_path: Path, suffix: str, form: str) -> None:
    source = network()
    BACKEND.save(source, tmp_path / f"w{suffix}")
    found = mindspore.load_checkpoint(str(tmp_path / f"w{suffix}"), format=form)
    assert all(np.array_equal(found[name].asnumpy(), array) for name, array in BACKEND.state_arrays(source).items())
    if form == "safetensors":
        with safe_open(tmp_path / "w.safetensors", framework="np") as file:
            assert file.metadata() == {"format": "ms"}


@pytest.mark.parametrize("form", ["ckpt", "safetensors"])
def test_what_mindspore_writes_is_read(tmp_path: Path, form: str) -> None:
    source, goal = network(0), network(1)
    mindspore.save_checkpoint(source, str(tmp_path / f"w.{form}"), format=form)
    weights.load_own(BACKEND, goal, tmp_path / f"w.{form}")
    assert same(source, goal)


def test_what_training_left_is_not_read(tmp_path: Path) -> None:
    """The moments of Momentum, where training stands, and a note; a layer called like an optimizer's state stays."""
    source, goal = network(0), network(1)
    named = [{"name": name, "data": parameter} for name, parameter in source.parameters_dict().items()]
    named += [{"name": f"moments.{name}", "data": parameter} for name, parameter in source.parameters_dict().items()]
    more = {"global_step": Tensor([3]), "learning_rate": Tensor(0.1), "accum.conv.weight": Tensor([1.0])}
    named += [{"name": name, "data": data} for name, data in more.items()]
    path = tmp_path / "w.ckpt"
    mindspore.save_checkpoint(named, str(path), append_dict={"epoch_num": 3, "note": "hi"})
    assert weights.read_weights(path, BACKEND).keys() == source.parameters_dict().keys() | {"accum.conv.weight"}
    mindspore.save_checkpoint([each for each in named if each["name"] != "accum.conv.weight"], str(path))
    weights.load_own(BACKEND, goal, path)
    assert same(source, goal)


def checkpoint(path: Path, more: dict[str, Any], prefix: str = "") -> nn.Cell:
    """A file with a network's weights and more beside them."""
    source = network(0)
    named = [{"name": prefix + name, "data": Tensor(each)} for name, each in source.parameters_dict().items()]
    named += [{"name": name, "data": Tensor(value)} for name, value in more.items()]
    mindspore.save_checkpoint(named, str(path), append_dict={"epoch_num": 3, "step_num": 90, "lr": 0.1, "note": "hi"})
    return source


@pytest.mark.parametrize(
    ("more", "prefix", "said"),
    [
        ({}, "", "left out what training needed: epoch_num, step_num, lr$"),
        ({"ema_updates": np.int32(7)}, "", "ema_updates"),
        ({"current_iterator_step": 1, "last_overflow_iterator_step": 0, "best_acc": np.float32(1)}, "", "left out"),
        ({"learning_rate": np.ones(50, np.float32)}, "", "left out"),
        ({}, "backbone.", r"^without 'backbone\.' in the names; left out"),
        ({}, "network.backbone.", r"^without 'network\.backbone\.' in the names; left out"),
    ],
)
def test_what_stands_beside_the_weights(tmp_path: Path, more: dict[str, Any], prefix: str, said: str) -> None:
    source, goal = checkpoint(tmp_path / "w.ckpt", more, prefix), network(1)
    told = load_weights(BACKEND, goal, tmp_path / "w.ckpt")
    assert same(source, goal) and told is not None and re.search(said, told)


def test_averages_beside_the_weights(tmp_path: Path) -> None:
    other = network(2)
    averages = {f"ema.{name}": parameter.asnumpy() for name, parameter in other.parameters_dict().items()}
    source, goal = checkpoint(tmp_path / "w.ckpt", averages), network(1)
    told = load_weights(BACKEND, goal, tmp_path / "w.ckpt")
    assert same(source, goal) and told is not None and told.startswith("the plain weights (there too: 'ema'; ")
    assert load_weights(BACKEND, goal, tmp_path / "w.ckpt", key="ema") == "the weights under 'ema'"
    assert same(other, goal)


def test_a_checkpoint_whose_header_speaks_of_more_than_there_is(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    content = Checkpoint()
    for name, shape, kind in (("0.weight", [10**6, 25_000], "Float32"), ("0.bias", [1], "Odd")):
        value = content.value.add()
        value.tag, value.tensor.tensor_type, value.tensor.tensor_content = name, kind, bytes(4)
        value.tensor.dims.extend(shape)
    (tmp_path / "w.ckpt").write_bytes(content.SerializeToString())
    with pytest.raises(
        WeightsError, match=r"0\.weight is broken, its header speaks of 100000000000 bytes and there are 4"
    ):
        read_weights(tmp_path / "w.ckpt", BACKEND)
    del content.value[0]
    (tmp_path / "w.ckpt").write_bytes(content.SerializeToString())
    with pytest.raises(WeightsError, match=r"0\.bias has numbers of type 'Odd'"):
        read_weights(tmp_path / "w.ckpt", BACKEND)
    assert capfd.readouterr() == ("", "")


def test_a_file_far_larger_than_the_network_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "w.ckpt").write_bytes(b"\x0a\x10")
    os.truncate(tmp_path / "w.ckpt", 10**11)
    with pytest.raises(WeightsError, match=r"it has 95,367 MiB, and the network's weights are 0\.0 MiB"):
        load_weights(BACKEND, network(), tmp_path / "w.ckpt")


def test_paths_that_lead_to_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "w.ckpt")
    with pytest.raises(WeightsError, match=r"is a pipe \(fifo\), not a file"):
        load_weights(BACKEND, network(), tmp_path / "w.ckpt")


def test_a_failed_write_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    for suffix in SUFFIXES:
        path = tmp_path / f"w{suffix}"
        path.write_bytes(b"old")
        with pytest.raises(WriteError, match="cannot be written: No space left"):
            save_weights(network(), path)
        assert path.read_bytes() == b"old"
    assert len(os.listdir(tmp_path)) == 2


@pytest.mark.parametrize("protocol", [2, 4])
def test_a_pickle_is_refused_and_not_run(
    tmp_path: Path, protocol: int, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Bomb:
        def __reduce__(self) -> Any:
            return (os.system, (f"touch {tmp_path}/ran",))

    path = tmp_path / "evil.ckpt"
    path.write_bytes(pickle.dumps({"w": Bomb()}, protocol=protocol))
    monkeypatch.setattr(pickle, "loads", lambda *_: pytest.fail("something was unpickled"))
    monkeypatch.setattr(pickle, "load", lambda *_: pytest.fail("something was unpickled"))
    with pytest.raises(
        WeightsError,
        match=r"evil\.ckpt cannot be read as weights: it is a pickle, which could run code when read; nothing was run",
    ) as told:
        weights.load_own(BACKEND, network(), path)
    assert "\n" not in str(told.value) and not (tmp_path / "ran").exists()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "it is empty"),
        (b"garbage that is no file of any kind", "it is a text"),
        (b"<!DOCTYPE html>", "it is a web page, as a download that failed leaves one"),
        (b"PK\x03\x04", "it is broken: it is an archive that was cut short; .*"),
        (b"\x08\x01" * 30, ".*or it is broken"),
    ],
)
def test_a_broken_checkpoint_is_one_error(
    tmp_path: Path, content: bytes, told: str, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "w.ckpt"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=rf"w\.ckpt cannot be read as weights: {told}$"):
        weights.read_weights(path, BACKEND)
    assert capfd.readouterr() == ("", "")


def test_a_checkpoint_cut_short(tmp_path: Path) -> None:
    path, goal = tmp_path / "w.ckpt", network(1)
    BACKEND.save(network(0), path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(WeightsError, match=r"w\.ckpt"):
        weights.load_own(BACKEND, goal, path)
    assert same(goal, network(1))


def test_mismatch_names_keys_and_shapes_and_changes_nothing(tmp_path: Path) -> None:
    source = nn.SequentialCell(nn.Conv2d(3, 5, 3), nn.BatchNorm2d(5), nn.Flatten(), nn.Dense(5, 2, has_bias=False))
    BACKEND.save(source, tmp_path / "w.ckpt")
    goal = network()
    with pytest.raises(WeightsError) as told:
        weights.load_own(BACKEND, goal, tmp_path / "w.ckpt")
    assert "does not fit SequentialCell (7 tensors): 1 missing: 3.bias; 6 of another shape: " in str(told.value)
    assert "0.weight [5, 3, 3, 3] in the file, [4, 3, 3, 3] in the network" in str(told.value)
    with pytest.raises(WeightsError, match="what was given does not fit SequentialCell"):
        BACKEND.load(goal, {**BACKEND.state_arrays(goal), "odd": np.zeros(1)})
    assert same(goal, network())


def test_parameters_stay_the_objects_that_they_are_and_keep_their_dtype() -> None:
    goal = network()
    goal[3].weight = Parameter(goal[3].weight.astype(mindspore.float16), name="3.weight")
    parameters, arrays = list(goal.get_parameters()), BACKEND.state_arrays(network(1))
    BACKEND.load(goal, arrays)
    assert all(one is other for one, other in zip(parameters, goal.get_parameters(), strict=True))
    assert goal[3].weight.dtype == mindspore.float16 and goal[0].weight.dtype == mindspore.float32
    assert np.array_equal(goal[3].weight.asnumpy(), arrays["3.weight"].astype(np.float16))
    assert np.array_equal(goal[0].weight.asnumpy(), arrays["0.weight"])


def test_a_network_that_has_run_computes_with_the_new_weights() -> None:
    one, other, x = network(0), network(1), np.random.default_rng(2).normal(0, 1, (2, 3, 1, 1)).astype(np.float32)
    outputs = [next(iter(BACKEND.run(net, [(x, None)])))[0] for net in (one, other)]
    assert not np.array_equal(*outputs)
    BACKEND.load(one, BACKEND.state_arrays(other))
    assert np.array_equal(next(iter(BACKEND.run(one, [(x, None)])))[0], outputs[1])


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_bfloat16_goes_and_comes(tmp_path: Path, suffix: str) -> None:
    source, goal = (nn.SequentialCell(nn.Dense(3, 2, dtype=mindspore.bfloat16)) for _ in range(2))
    BACKEND.save(source, tmp_path / f"w{suffix}")
    assert weights.read_weights(tmp_path / f"w{suffix}", BACKEND)["0.weight"].dtype == np.float32
    weights.load_own(BACKEND, goal, tmp_path / f"w{suffix}")
    assert same(source, goal) and goal[0].weight.dtype == mindspore.bfloat16


def test_other_files_are_not_written(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"w\.pth: weights are written as \.safetensors, \.ckpt files only"):
        BACKEND.save(network(), tmp_path / "w.pth")
    assert not os.listdir(tmp_path)


class Leaf(nn.Cell):
    def __init__(self) -> None:
        super().__init__(auto_prefix=False)
        self.w = Parameter(Tensor(np.ones(3, np.float32)), name="w")

    def construct(self, x):
        return x * self.w.sum()


class SameNames(nn.Cell):
    def __init__(self) -> None:
        super().__init__(auto_prefix=False)
        self.a, self.b = Leaf(), Leaf()

    def construct(self, x):
        return self.a(x) + self.b(x)


def test_two_parameters_of_one_name_are_not_saved_as_one(tmp_path: Path):
    with pytest.raises(WeightsError, match=r"2 parameters are called 'w' \(a\.w, b\.w\)"):
        BACKEND.save(SameNames(), tmp_path / "w.safetensors")
    assert not list(tmp_path.iterdir())


class Momentum(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.momentum = Parameter(Tensor(np.ones(3, np.float32)), name="momentum")

    def construct(self, x):
        return x * self.momentum.sum()


@pytest.mark.parametrize("suffix", ["ckpt", "CKPT"])
def test_a_weight_may_be_called_as_what_training_leaves(tmp_path: Path, suffix: str):
    BACKEND.save(Momentum(), tmp_path / f"w.{suffix}")
    assert list(read_weights(tmp_path / f"w.{suffix}", BACKEND)) == ["momentum"]


def test_complex_numbers_are_no_weights(tmp_path: Path):
    np.savez(tmp_path / "w.npz", momentum=1j * np.ones(3))
    with pytest.raises(WeightsError, match="momentum is no array of real numbers"):
        load_weights(BACKEND, Momentum(), tmp_path / "w.npz")


class Masked(nn.Cell):
    """All that may be infinite: a mask as a buffer, and one as a parameter that is not trained."""

    def __init__(self) -> None:
        super().__init__()
        mask = np.array([[0, -np.inf], [0, 0]], np.float32)
        self.dense = nn.Dense(4, 2)
        self.register_buffer("mask", Tensor(mask))
        self.fixed = Parameter(Tensor(mask), requires_grad=False)


def test_what_may_be_infinite_is_sound() -> None:
    assert BACKEND.unsound_weights(Masked()) == {}


@pytest.mark.parametrize(
    ("name", "value", "what"),
    [
        ("0.weight", np.nan, "NaN"),
        ("3.bias", np.inf, "infinite values"),
        ("1.moving_mean", np.inf, "infinite values"),
        ("1.moving_variance", np.nan, "NaN"),
        ("1.moving_variance", -1e-3, "variances below 0"),
    ],
)
def test_unsound_weights_are_named(name: str, value: float, what: str) -> None:
    broken = network()
    array = BACKEND.state_arrays(broken)[name]
    array.flat[-1] = value
    broken = BACKEND.with_state(broken, {name: array})
    assert BACKEND.unsound_weights(broken) == {name: what}


def test_weights_that_do_not_fit_the_dtype_are_told(tmp_path: Path) -> None:
    state = {name: array.astype(np.float64) for name, array in BACKEND.state_arrays(network()).items()}
    state["3.weight"][0, 0] = 1e39
    np.savez(tmp_path / "w.npz", **state)
    with pytest.raises(WeightsError, match=r"w.npz: nothing .* 1 tensor: 3.weight \(1e\+39 is too large for the"):
        weights.load_own(BACKEND, network(), tmp_path / "w.npz")
