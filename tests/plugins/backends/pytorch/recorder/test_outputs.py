"""Outputs that the user says do not matter keep no channels and are not compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from prunekit import load, prune, shrink, trace
from prunekit.core.graph.outputs import OutputError
from prunekit.core.pipeline.description import Description
from prunekit.core.pipeline.input_spec import spec_of
from prunekit.core.pipeline.run_folder import write_json
from prunekit.core.pruning.plan import PrunePlan
from prunekit.core.testing import assert_exact
from prunekit.plugins.backends.pytorch.backend import PytorchBackend
from prunekit.registry import Register, RegisterType

X = torch.rand(1, 3, 8, 8, dtype=torch.float64)


@dataclass
class Outputs:
    logits: Any
    maps: Any


class Net(nn.Module):
    """Returns its features, a map of a fixed size, and what counts."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 6, 3), nn.Linear(6, 5)
        self.double()

    def parts(self, x):
        a = torch.relu(self.a(x))
        b = torch.relu(self.b(a))
        return self.head(b.mean((2, 3))), [a, b]

    def forward(self, x):
        logits, maps = self.parts(x)
        return {"logits": logits, "maps": maps}


class Tuple(Net):
    def forward(self, x):
        return self.parts(x)


class Records(Net):
    def forward(self, x):
        return Outputs(*self.parts(x))


@pytest.mark.parametrize(
    ("kind", "outputs", "sizes"),
    [
        (Net, None, []),
        (Net, ["logits"], [8, 6]),
        (Net, ["logits", "maps.1"], [8]),
        (Net, ["logits", "maps"], []),
        (Tuple, [0], [8, 6]),
        (Tuple, [0, "1.0"], [6]),
        (Records, ["logits"], [8, 6]),
        (Records, "maps.0", [6, 5]),
    ],
)
def test_channels_that_are_kept(kind, outputs, sizes):
    graph = trace(kind().eval(), X, outputs=outputs)
    assert [group.size for group in graph.groups] == sizes and not graph.frozen
    if sizes:
        assert "proven by values: a random part of every group removed" in graph.notes
        assert assert_exact(kind().eval(), X, graph=graph).error < 1e-12


def test_wrong_names():
    with pytest.raises(OutputError, match=r"returns no 'logit', but logits, maps\.0, maps\.1\. Did you mean 'logits'"):
        trace(Net().eval(), X, outputs=["logit"])
    with pytest.raises(OutputError, match=r"returns no '1', but 0\."):
        trace(nn.Conv2d(3, 4, 1).double(), X, outputs=[1])


def test_shrink():
    network = Net().eval()
    with pytest.raises(Exception, match="cannot be met"):
        shrink(network, X, 0.5, [(X.numpy(), 0)])
    assert shrink(network, X, 0.5, [(X.numpy(), 0)], outputs=["logits"])(X)["maps"][0].shape[1] < 8


def test_a_pruned_network_is_loaded_again(tmp_path):
    network, backend = Net().eval(), PytorchBackend()
    graph = trace(network, X, outputs=["logits"])
    plan = PrunePlan.uniform(graph, 0.5)
    small = prune(network, graph, plan)
    backend.save(small, tmp_path / "w.safetensors")
    with Register.isolated():
        Register.register(RegisterType.NETWORK, Net, name="Net", override=True)
        description = Description(
            "Net", {}, "pytorch", spec_of(X.numpy()), "w.safetensors", plan, outputs=graph.operators.asked
        )
        write_json(tmp_path / "desc_0.json", description.to_json())
        again = load(tmp_path / "desc_0.json")
    assert torch.equal(again(X)["logits"], small(X)["logits"])
    assert np.array_equal(again(X)["maps"][0].detach(), small(X)["maps"][0].detach())


class Boxes:
    """An object of a class of its own, as detectors return them."""

    def __init__(self, tensor: Any, owner: Any) -> None:
        self.fields = {"scores": [tensor]}
        self.inner = type("Inner", (), {})()
        self.inner.of, self.owner = self, owner


def test_what_is_in_an_object_keeps_its_channels():
    class InObject(Net):
        def forward(self, x):
            logits, maps = self.parts(x)
            return logits, Boxes(maps[1], self)

    graph = trace(InObject().eval(), X)
    assert [group.size for group in graph.groups] == [8] and not graph.frozen
    assert graph.operators.output_names == ["0", "1.fields.scores.0"]
    assert [group.size for group in trace(InObject().eval(), X, outputs=[0]).groups] == [8, 6]
