"""The same network is the same in every process, whatever it is shown, and a plan can wait for another day."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from oracle import call
from small_nets import CASES
from torch.utils._pytree import tree_leaves

from prunekit import PrunePlan, prune
from prunekit.core.pruning import PlanError
from prunekit.core.testing import random_plan

ELSEWHERE = "import json, sys, test_parse as here; print(json.dumps(here.found(json.load(sys.stdin))))"


def described(network, inputs, graph, plan):
    """The whole structure, and what the pruned network returns, in short."""
    with torch.no_grad():
        outputs = tree_leaves(call(prune(network, graph, plan), inputs))
    return {
        "signature": graph.signature,
        "groups": [[g.id, list(g.mids), g.name, g.size, g.offset] for g in graph.groups],
        "layers": [[x.mid, x.weight, x.group, [list(pair) for pair in x.protected]] for x in graph.layers],
        "axes": [[a.parameter, a.axis, a.units.tolist()] for a in graph.axes],
        "choices": [[c.name, sorted(c.groups), c.whole] for c in graph.choices],
        "outputs": [float(tensor.double().sum()) for tensor in outputs],
    }


def found(plans):
    """What this process finds in every network, and what the plans make of it."""
    return {name: described(*CASES[name].traced(), PrunePlan.from_json(plan)) for name, plan in plans.items()}


def test_another_process_finds_the_same_and_applies_the_plans(traced):
    plans, here = {}, {}
    for name in CASES:
        network, inputs, graph = traced(name)
        plan = random_plan(graph, np.random.default_rng(5))
        plans[name], here[name] = plan.to_json(), described(network, inputs, graph, plan)
    path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    ended = subprocess.run(
        [sys.executable, "-c", ELSEWHERE], input=json.dumps(plans), capture_output=True, text=True,
        env={**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    there = json.loads(ended.stdout)
    for name, graph in here.items():
        assert there[name].pop("outputs") == pytest.approx(graph.pop("outputs"), rel=1e-9), name
        assert there[name] == graph, name


@pytest.mark.parametrize("name", CASES)
def test_other_batch_sizes(traced, name):
    _, _, graph = traced(name)
    for batch in (1, 3):
        other = CASES[name].traced(batch, proof=False)[2]
        assert other.signature == graph.signature
        assert other.groups == graph.groups


def test_a_plan_for_another_network_is_refused(traced):
    _, _, graph = traced("TimmFused")
    plan = PrunePlan.uniform(graph, 0.5)
    network, _, other = traced("TimmWholeHeads")
    with pytest.raises(PlanError, match="the plan is for another network: group 1 has 4 units there, 3 here"):
        prune(network, other, plan)
