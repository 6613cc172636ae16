"""Operators that prunekit does not know: protected, until somebody registers a rule."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from prunekit import PrunePlan, prune, trace
from prunekit.core.graph.attributes import Permute
from prunekit.core.graph.operators import Kind
from prunekit.core.testing import assert_exact
from prunekit.plugins.backends.pytorch.call import Call
from prunekit.registry import Register, RegisterType

ROOT = Path(__file__).parents[5]
NO_RULE = "prunekit_tests::project in the network: prunekit has no rule for this operator"


@torch.library.custom_op("prunekit_tests::project", mutates_args=())
def project(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    return x @ weight.t()


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.before, self.after = nn.Linear(5, 8), nn.Linear(8, 3)
        self.weight = nn.Parameter(torch.randn(8, 8))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.after(torch.relu(project(self.before(x), self.weight)))


def linear(call: Call) -> None:
    """The last axis of x with the second of the weight, which is turned first."""
    x, weight = call.number(call["x"]), call.number(call["weight"])
    turned = call.between(tuple(call["weight"].shape)[::-1])
    call.add(Permute(order=(1, 0)), [weight], [turned])
    call.add(Kind.LINEAR, [x, turned], call.results())


def not_turned(call: Call) -> None:
    """The last axis of x with the first of the weight, which is wrong."""
    call.simple(Kind.LINEAR, "x", "weight")


def unfinished(call: Call) -> None:
    """It does not say in which order the axes come."""
    call.simple(Kind.PERMUTE, "x")


@pytest.fixture
def network() -> Net:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Net().double().eval()


@pytest.fixture
def inputs() -> torch.Tensor:
    return torch.randn(2, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


@pytest.fixture(autouse=True)
def registered_here() -> Iterator[None]:
    with Register.isolated():
        yield


def sizes(graph: Any) -> list[int]:
    return [group.size for group in graph.groups]


def test_without_a_rule_it_is_protected(network: Net, inputs: torch.Tensor) -> None:
    graph = trace(network, inputs)
    assert sizes(graph) == []
    assert graph.layers[0].protected == ((NO_RULE, 8),)


def test_with_a_rule_it_is_pruned_exactly(network: Net, inputs: torch.Tensor) -> None:
    Register.register(RegisterType.OPERATOR_RULE, linear, name="prunekit_tests::project")
    graph = trace(network, inputs)
    assert sizes(graph) == [8, 8] and not graph.frozen
    small = prune(network, graph, PrunePlan.uniform(graph, 0.5))
    assert (small.before.out_features, small.weight.shape, small.after.in_features) == (4, (4, 4), 4)
    found = assert_exact(network, inputs)
    assert (found.groups, found.error < 1e-12, found.effect > 1e-6) == (2, True, True)


def test_a_wrong_rule_is_found_out(network: Net, inputs: torch.Tensor) -> None:
    Register.register(RegisterType.OPERATOR_RULE, not_turned, name="prunekit_tests::project")
    graph = trace(network, inputs)
    assert sizes(graph) == [] and all("the proof failed" in reason for _, reason in graph.frozen)
    with pytest.raises(AssertionError, match="the output differs by"):
        assert_exact(network, inputs)


def test_a_kind_alone_does_not_stand_for_attributes_that_it_needs(network: Net, inputs: torch.Tensor) -> None:
    Register.register(RegisterType.OPERATOR_RULE, unfinished, name="prunekit_tests::project")
    ((reason, count),) = trace(network, inputs).layers[0].protected
    told = "TypeError: Kind.PERMUTE needs attributes: pass prunekit.core.graph.attributes.Permute(order=...)"
    assert (reason.endswith(f": its rule failed: {told}"), count) == (True, 8)


def test_the_example_for_authors_of_packs() -> None:
    examples = re.findall(r"^```python\n(.*?)^```$", (ROOT / "docs/pack.md").read_text(), re.MULTILINE | re.DOTALL)
    (example,) = (text for text in examples if "OPERATOR_RULE" in text)
    exec(example, found := {"__name__": "my_rules"})
    body = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Conv2d(8, 4, 3)).double().eval()
    body[0].register_forward_hook(lambda module, args, output: found["my_op"](output, 0.1))
    images = torch.rand(1, 3, 6, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    assert sizes(trace(body, images)) == [8]
    assert assert_exact(body, images).groups == 1


@pytest.mark.parametrize(
    ("meaning", "reason"), [("normalization", "not one number"), ("convolution", "no convolution")]
)
def test_a_class_that_is_no_such_thing_keeps_its_channels(meaning, reason):
    class Odd(nn.Linear):
        pass

    graph = trace(
        nn.Sequential(nn.Linear(5, 8), Odd(8, 6), nn.Linear(6, 2)), torch.randn(3, 5), leaf_modules={"Odd": meaning}
    )
    assert reason in graph.layers[0].protected[0][0]
