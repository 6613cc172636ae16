"""Every structure that can be pruned can be described, saved and loaded again."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from nets_of_sizes import Unseen
from oracle import attributes, error
from small_nets import CASES

from prunekit import load, prune, trace
from prunekit.core.pipeline.description import Description
from prunekit.core.pipeline.input_spec import spec_of
from prunekit.core.pipeline.run_folder import write_json
from prunekit.core.testing import random_plan
from prunekit.plugins.backends.pytorch.backend import PytorchBackend
from prunekit.plugins.backends.pytorch.forward import to_numpy
from prunekit.registry import Register, RegisterType


def reloaded(network, inputs, graph, small, plan, folder):
    """What ``load`` makes of a description and a file of weights."""
    kind = type(network)
    PytorchBackend().save(small, folder / "model_0.safetensors")
    with Register.isolated():
        made = type(kind.__name__, (kind,), {"__init__": lambda self: (kind.__init__(self), self.double())[0]})
        Register.register(RegisterType.NETWORK, made, name=kind.__name__, override=True)
        description = Description(
            kind.__name__, {}, "pytorch", spec_of(to_numpy(inputs)), "model_0.safetensors", plan,
            frozen=graph.frozen, whole_parts=graph.whole_parts,
        )  # fmt: skip
        write_json(folder / "desc_0.json", description.to_json())
        return load(folder / "desc_0.json")


@pytest.mark.parametrize("name", [name for name in sorted(CASES) if CASES[name].groups])
def test_saved_and_loaded(name, traced, tmp_path):
    network, inputs, graph = traced(name)
    plan = random_plan(graph, np.random.default_rng(1))
    small = prune(network, graph, plan)
    loaded = reloaded(network, inputs, graph, small, plan, tmp_path)
    assert not loaded.training
    assert attributes(loaded) == attributes(small)
    assert error(loaded, small, inputs) < 1e-12
    assert all(torch.equal(a, b) for a, b in zip(small.parameters(), loaded.parameters(), strict=True))


def test_what_the_proof_protected_stays_protected(tmp_path):
    network, inputs = Unseen().double().eval(), torch.randn(2, 3, 8, 8, dtype=torch.float64)
    graph = trace(network, inputs)
    assert graph.frozen
    plan = random_plan(graph, np.random.default_rng(1))
    small = prune(network, graph, plan)
    assert error(reloaded(network, inputs, graph, small, plan, tmp_path), small, inputs) < 1e-12
