from __future__ import annotations

import os

import numpy as np
import pytest
from mindspore import Tensor, nn

from prunekit.core.cost import Turns
from prunekit.plugins.cost_estimators.latency_mindspore import MeasuredLatency
from prunekit.registry import Register, RegisterType


class Logged(nn.Cell):
    def __init__(self, name: str, log: list[str]) -> None:
        super().__init__()
        self.title, self.log = name, log

    def construct(self, x: Tensor) -> Tensor:
        assert not self.training
        self.log.append(self.title)
        return x


def test_networks_take_turns() -> None:
    log: list[str] = []
    networks = {"a": Logged("a", log).set_train(), "b": Logged("b", log)}
    found = MeasuredLatency(warmup=1, repeats=2).compare(networks, np.zeros((3, 1)), "CPU")
    assert log == ["a", "b"] * 3 and networks["a"].training
    assert found.keys() == {"a", "b"} and all(isinstance(one, Turns) for one in found.values())
    assert len(found["a"].values) == 2
    assert found["a"].conditions == {"batch_size": 3, "threads": len(os.sched_getaffinity(0))}


def test_larger_network_takes_longer() -> None:
    small, large = nn.Dense(64, 64), nn.SequentialCell([nn.Dense(64, 64) for _ in range(60)])
    inputs = np.zeros((8, 64), np.float32)
    found = MeasuredLatency(repeats=15).compare({"small": small, "large": large}, inputs, "CPU")
    assert found["large"].median > found["small"].median > 0


def test_it_is_found_by_its_name() -> None:
    assert Register.get(RegisterType.COST_ESTIMATOR, "latency", "mindspore") is MeasuredLatency


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="repeats 0"):
        MeasuredLatency(repeats=0)
