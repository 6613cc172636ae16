from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from prunekit.core.cost import Turns
from prunekit.plugins.cost_estimators.latency_pytorch import MeasuredLatency, compare_latency


class Logged(nn.Module):
    def __init__(self, name: str, log: list[str]) -> None:
        super().__init__()
        self.name, self.log = name, log

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        assert not self.training and not torch.is_grad_enabled()
        self.log.append(self.name)
        return x


def test_networks_take_turns() -> None:
    log: list[str] = []
    found = compare_latency({"a": Logged("a", log), "b": Logged("b", log)}, np.zeros((3, 1)), warmup=1, repeats=2)
    assert log == ["a", "b"] * 3
    assert found.keys() == {"a", "b"} and all(isinstance(one, Turns) for one in found.values())


def test_the_registered_estimator_takes_what_a_yml_says() -> None:
    log: list[str] = []
    found = MeasuredLatency(threads=1, warmup=2, repeats=3).compare({"a": Logged("a", log)}, np.zeros((3, 1)), "CPU")
    assert log == ["a"] * 5
    assert len(found["a"].values) == 3 and found["a"].conditions == {"batch_size": 3, "threads": 1}


def test_larger_network_takes_longer_and_nothing_is_left_changed() -> None:
    small, large = nn.Linear(64, 64), nn.Sequential(*(nn.Linear(64, 64) for _ in range(60)))
    threads = torch.get_num_threads()
    found = compare_latency({"small": small, "large": large}, np.zeros((8, 64), np.float32), threads=1, repeats=15)
    assert found["large"].median > found["small"].median > 0
    assert found["small"].spread >= 0 and found["small"].conditions == {"batch_size": 8, "threads": 1}
    assert torch.get_num_threads() == threads and small.training and torch.is_grad_enabled()


@pytest.mark.parametrize(
    ("inputs", "size"),
    [({"x": np.zeros((5, 2))}, 5), ([np.zeros((3, 4)), np.zeros((3, 5))], 2), ((np.zeros((7, 1)),), 7)],
)
def test_batch_size_by_the_contract(inputs: object, size: int) -> None:
    class Any(nn.Module):
        def forward(self, *args: object, **kwargs: object) -> None: ...

    assert compare_latency({"any": Any()}, inputs, repeats=1, warmup=0)["any"].conditions["batch_size"] == size


def test_no_repeats_is_refused() -> None:
    with pytest.raises(ValueError, match="repeats 0"):
        compare_latency({"same": nn.Identity()}, np.zeros(1), repeats=0)
    with pytest.raises(ValueError, match="batch_size 0"):
        MeasuredLatency(batch_size=0)
