from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from prunekit import PrunePlan, trace
from prunekit.core.graph.structure import ChannelStructure
from prunekit.core.testing import Exactness, assert_exact, random_plan


class Net(nn.Module):
    """Two convolutions as an initialisation leaves them, and several outputs."""

    def __init__(self, dtype: torch.dtype = torch.float64) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.a, self.norm, self.b = nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.Conv2d(8, 6, 3)
            self.out, self.gamma = nn.Linear(6, 4), nn.Parameter(torch.full((6, 1, 1), 1e-6))
        self.to(dtype).eval()

    def forward(self, x):
        x = self.b(self.norm(self.a(x)).relu())
        logits = self.out((x + self.gamma * x).mean([2, 3]))
        return {"logits": logits, "best": [logits.argmax(1), logits.softmax(1)]}


def inputs(dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(0), dtype=dtype)


def swapped(graph: ChannelStructure, parameter: str) -> ChannelStructure:
    """The graph with the units of one axis in another order, as a wrong rule would leave it."""
    axes = [replace(a, units=a.units[::-1].copy()) if a.parameter == parameter else a for a in graph.axes]
    return replace(graph, axes=tuple(axes))


def test_report():
    network = Net()
    found = assert_exact(network, inputs())
    assert isinstance(found, Exactness)
    assert found.error < 1e-14 and found.effect > 0.1 and found.groups == 2
    assert found.macs == pytest.approx((4 * 27 * 36 + 3 * 4 * 9 * 16 + 3 * 4) / (8 * 27 * 36 + 6 * 8 * 9 * 16 + 6 * 4))
    assert assert_exact(network, inputs()) == found
    assert assert_exact(network, inputs(), seed=1) != found


def test_the_network_stays_as_it_was():
    network = Net().train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    assert_exact(network, inputs())
    assert network.training
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())


def test_nothing_pruned_has_no_effect():
    network = Net()
    graph = trace(network, inputs())
    everything = PrunePlan.uniform(graph, 1.0)
    assert assert_exact(network, inputs(), graph=graph, plan=everything) == Exactness(0.0, 0.0, 0, 1.0)
    assert assert_exact(network, inputs(), keep=1.0).groups == 0
    assert assert_exact(network, inputs(), ignore=["a"]).groups == 1


@pytest.mark.parametrize("parameter", ["norm.bias", "norm.running_mean", "gamma", "b.weight"])
def test_a_wrong_graph_is_told_by_its_first_output(parameter):
    """Also where the network's own values hide it: constants, and a branch that starts near zero."""
    network = Net()
    graph = swapped(trace(network, inputs()), parameter)
    message = r"^the output\['logits'\] differs by [0-9.e-]+ of its largest value; 1e-09 is allowed$"
    with pytest.raises(AssertionError, match=message):
        assert_exact(network, inputs(), graph=graph)


def test_tolerance():
    network = Net()
    graph = swapped(trace(network, inputs()), "norm.bias")
    assert assert_exact(network, inputs(), graph=graph, tolerance=10.0).error > 0.01


def test_single_precision():
    network = Net(torch.float32)
    assert assert_exact(network, inputs(torch.float32)).error < 1e-5
    graph = swapped(trace(network, inputs(torch.float32)), "norm.bias")
    with pytest.raises(AssertionError, match=r"differs by 0\.\d+ of its largest value; \S+e-0[56] is allowed"):
        assert_exact(network, inputs(torch.float32), graph=graph)


class Shapes(nn.Module):
    """What is returned depends on how many channels there are."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.a, self.b, self.kind = nn.Linear(5, 8), nn.Linear(8, 3), kind

    def forward(self, x):
        y = self.a(x)
        count, out = len(y[0].tolist()), self.b(y.relu())
        return {
            "shape": lambda: (out, torch.zeros(count)),
            "dtype": lambda: [out, out if count == 8 else out.float()],
            "keys": lambda: {"a": out} if count == 8 else {"b": out},
            "more": lambda: [out] * (count // 4),
            "nan": lambda: out if count == 8 else out * torch.nan,
            "inf": lambda: out if count == 8 else (out - out).log(),
        }[self.kind]()


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("shape", r"the output\[1\] is float32 \(4,\), of the whole network float32 \(8,\)"),
        ("dtype", r"the output\[1\] is float32 \(2, 3\), of the whole network float64 \(2, 3\)"),
        ("keys", r"the output\['b'\] stands where the whole network returns the output\['a'\]"),
        ("more", r"1 outputs, of the whole network 2"),
        ("nan", r"the output differs by nan of its largest value"),
        ("inf", r"the output differs by (inf|nan) of its largest value"),
    ],
)
def test_other_structures(kind, message):
    with pytest.raises(AssertionError, match=message):
        assert_exact(Shapes(kind).double(), torch.randn(2, 5, dtype=torch.float64))


def test_no_network():
    with pytest.raises(TypeError, match="object is no network of a registered backend"):
        assert_exact(object(), np.zeros(1))


def test_it_imports_no_framework():
    code = "import sys, prunekit.core.testing; print(*sorted({'torch', 'pytest', 'matplotlib'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "\n"


def test_random_plan():
    graph = trace(Net(), inputs())
    drawn = [random_plan(graph, np.random.default_rng(seed)) for seed in range(40)]
    counts = {plan.counts(graph) for plan in drawn}
    assert {a for a, _ in counts} == set(range(1, 9)) and {b for _, b in counts} == set(range(1, 7))
    assert all(plan.flags(graph).any() for plan in drawn)
    assert random_plan(graph, np.random.default_rng(3)) == drawn[3]
