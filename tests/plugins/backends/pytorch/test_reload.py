"""Every structure that can be pruned can be described, saved and loaded again."""

import numpy as np
import pytest
import torch
from oracle import error, random_plan
from small_nets import CASES

from prunekit import load, prune
from prunekit.core.pipeline.description import Description, spec_of
from prunekit.core.pipeline.run_folder import write_json
from prunekit.plugins.backends.pytorch.backend import PytorchBackend
from prunekit.plugins.backends.pytorch.forward import to_numpy
from prunekit.registry import Register, RegisterType


@pytest.mark.parametrize("name", sorted(CASES))
def test_saved_and_loaded(name, traced, tmp_path, monkeypatch):
    network, inputs, graph = traced(name)
    if not graph.groups:
        pytest.skip("nothing to prune")
    plan = random_plan(graph, np.random.default_rng(1))
    small = prune(network, graph, plan)
    PytorchBackend().save(small, tmp_path / "model_0.safetensors")
    with Register.isolated():
        made = type(name, (type(network),), {"__init__": lambda self: (type(network).__init__(self), self.double())[0]})
        Register.register(RegisterType.NETWORK, made, name=name, override=True)
        description = Description(
            name, {}, "pytorch", spec_of(to_numpy(inputs)), "model_0.safetensors", plan,
            frozen=graph.frozen, held=graph.held,
        )  # fmt: skip
        write_json(tmp_path / "desc_0.json", description.to_json())
        loaded = load(tmp_path / "desc_0.json")
    assert not loaded.training
    assert error(loaded, small, inputs) < 1e-12
    assert all(torch.equal(a, b) for a, b in zip(small.parameters(), loaded.parameters(), strict=True))


def test_some_of_them_hold_sizes_in_their_code(traced):
    assert any(traced(name)[2].held for name in CASES)
