"""Random networks, random plans: the oracle always holds."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from oracle import BACKEND
from random_nets import MapBlock, MapNet, TokenBlock, TokenNet, build

from prunekit import PrunePlan
from prunekit.core.parsing.parse import parse
from prunekit.core.pruning import Ranking
from prunekit.core.testing import assert_exact, random_plan


def nets(kind, block, widths):
    blocks = st.lists(st.tuples(st.sampled_from(block.KINDS), st.sampled_from([4, 8])), min_size=1, max_size=4)
    return st.tuples(st.just(kind), blocks, st.sampled_from(widths), st.booleans(), st.integers(0, 2**16))


NETS = {"maps": nets(MapNet, MapBlock, [8, 12]), "tokens": nets(TokenNet, TokenBlock, [12, 16])}
PATTERNS = st.sampled_from([(), (), ("*",), ("blocks.0*",), ("blocks.*.inner", "blocks.1*"), ("*#0",)])


def plans_of(graph, rng):
    """Plans of every kind there is."""
    ratios = {g.id: float(rng.random()) for g in graph.groups}
    counts = [int(rng.integers(1, g.size + 1)) for g in graph.groups]
    rankings = {g.id: Ranking.of_scores(rng.random(g.size)) for g in graph.groups}
    return [
        random_plan(graph, rng),
        PrunePlan.from_ratios(graph, ratios),
        PrunePlan.from_counts(graph, counts, rankings),
        PrunePlan.uniform(graph, float(rng.random()), round_to=2),
        PrunePlan.uniform(graph, 0.0),
    ]


def hold(net, patterns):
    """What must be true of every network."""
    network, inputs = build(*net)
    graph = parse(BACKEND, network, inputs, whole_parts=patterns)
    assert not graph.frozen  # the structure alone is right
    if not patterns:
        assert all(layer.group is not None for layer in graph.numbered[:-1])  # everything but the head can go
    for plan in plans_of(graph, np.random.default_rng(net[-1])):
        again = PrunePlan.from_json(json.loads(json.dumps(plan.to_json())))
        assert again == plan
        assert assert_exact(network, inputs, graph=graph, plan=again).error < 1e-10


WITHOUT_SHRINKING = (Phase.explicit, Phase.generate)  # smaller nets are soon tried by hand; shrinking takes minutes


@pytest.mark.parametrize("kind", NETS)
@settings(
    derandomize=True, max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), phases=WITHOUT_SHRINKING
)
@given(data=st.data())
def test_oracle(kind, data):
    hold(data.draw(NETS[kind]), data.draw(PATTERNS))


@pytest.mark.slow
@pytest.mark.parametrize("kind", NETS)
@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck), phases=WITHOUT_SHRINKING)
@given(data=st.data())
def test_oracle_for_long(kind, data):
    hold(data.draw(NETS[kind]), data.draw(PATTERNS))
