"""What networks hold beside convolutions: buffers, shared normalizations, names; and what users do with them."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import mindspore
import numpy as np
import pytest
from mindspore import Parameter, Tensor, nn, ops

from prunekit import PrunePlan, prune, trace
from prunekit.core.weights import WeightsError, load_weights, read_weights
from prunekit.plugins.backends.mindspore.backend import MindsporeBackend
from prunekit.plugins.backends.mindspore.device import DeviceError, use_device
from prunekit.plugins.backends.mindspore.dispatch import dispatching
from prunekit.plugins.trainers.mindspore.trainer import Trainer

BACKEND = MindsporeBackend()
X = np.random.default_rng(0).random((2, 3, 6, 6), np.float32)


class Scaled(nn.Cell):
    """A buffer with one number for each channel."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 4, 3)
        self.register_buffer("gain", Tensor(np.arange(1, 9, dtype=np.float32)))

    def construct(self, x):
        return self.b(self.a(x) * self.gain.reshape(1, -1, 1, 1))


def test_a_buffer_goes_with_its_channels_and_into_the_file(tmp_path: Path):
    network = BACKEND.build(Scaled, {}, 0)
    graph = trace(network, X)
    assert [group.size for group in graph.groups] == [8] and not graph.frozen
    small = prune(network, graph, PrunePlan.uniform(graph, 0.5))
    kept = PrunePlan.uniform(graph, 0.5).keep[0]
    assert BACKEND.state_arrays(small)["gain"].tolist() == [k + 1 for k in kept]
    changed = BACKEND.with_state(network, {"gain": np.full(8, 3.0, np.float32)})
    for name in ("w.safetensors", "w.ckpt"):
        BACKEND.save(changed, tmp_path / name)
        again = BACKEND.build(Scaled, {}, 1)
        load_weights(BACKEND, again, tmp_path / name)
        assert BACKEND.state_arrays(again)["gain"].tolist() == [3.0] * 8
    assert BACKEND.state_arrays(network)["gain"].tolist() == list(range(1, 9))


class Twice(nn.Cell):
    """One normalization for two tensors, and one that is not reached."""

    def __init__(self) -> None:
        super().__init__()
        self.norm, self.other = nn.BatchNorm2d(3), nn.BatchNorm2d(3)
        self.other.moving_mean.set_data(Tensor(np.full(3, 7, np.float32)))

    def construct(self, x):
        return self.norm(x) + self.norm(x + 10)


def test_statistics_are_the_average_over_all_calls_and_stay_where_none_is():
    network = BACKEND.build(Twice, {}, 0)
    found = BACKEND.state_arrays(BACKEND.recalibrate(network, [(X, 0), (X + 1, 0)]))
    assert np.allclose(found["norm.moving_mean"], X.mean((0, 2, 3)) + 5.5, rtol=1e-5)
    assert found["other.moving_mean"].tolist() == [7, 7, 7]
    assert BACKEND.state_arrays(network)["norm.moving_mean"].tolist() == [0, 0, 0]


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


def test_recordings_in_two_threads_do_not_meet():
    """The second waits until MindSpore's classes are back, which is itself not made for several threads."""
    before, entered = Tensor.__getitem__, threading.Event()

    def record() -> None:
        with dispatching(lambda operator: operator.run(operator.args)):
            entered.set()

    with dispatching(lambda operator: operator.run(operator.args)):
        other = threading.Thread(target=record)
        other.start()
        assert not entered.wait(0.3)
    other.join(10)
    assert entered.is_set() and Tensor.__getitem__ is before


def test_a_loss_of_the_users_that_fails_shows_no_stack_of_cpp():
    class Own(Scaled):
        def loss(self, outputs, target):
            return ops.matmul(outputs, Tensor(np.ones((99, 99), np.float32))).sum()

    with pytest.raises(Exception) as raised:
        Trainer(epochs=1).fit(BACKEND.build(Own, {}, 0), lambda epoch: [(X, np.zeros(2))])
    assert "C++" not in str(raised.value) and ".cc" not in str(raised.value)


def test_a_device_that_is_refused_leaves_nothing_behind(monkeypatch, capfd):
    if mindspore.hal.is_available("Ascend"):
        pytest.skip("there is one")
    monkeypatch.delenv("ASCEND_RT_VISIBLE_DEVICES", raising=False)
    monkeypatch.setenv("NPU_VISIBLE_DEVICES", "3")
    with pytest.raises(DeviceError, match="choose -d CPU"):
        use_device("NPU")
    assert "ASCEND_RT_VISIBLE_DEVICES" not in os.environ
    assert capfd.readouterr() == ("", "")


def test_a_network_is_used_where_mindspore_is(monkeypatch):
    monkeypatch.setattr(mindspore, "get_context", lambda name: "Ascend")
    monkeypatch.setattr(mindspore, "set_device", lambda *_: pytest.fail("the process has its device"))
    assert MindsporeBackend().device == "NPU"


def test_a_limit_of_mindspores_own_comes_with_what_to_do():
    class Stepped(Scaled):
        def construct(self, x):
            return ops.mean(self.a(x)[:, :, ::2, ::2], (2, 3))

    with pytest.raises(Exception, match=r"StridedSliceGrad.*nn\.MaxPool2d\(1, step\) takes the same"):
        Trainer(epochs=1).fit(BACKEND.build(Stepped, {}, 0), lambda epoch: [(X, np.zeros(2))])
