from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest
from anynet import Conv2d, ReLU, Sequential

from prunekit import trace
from prunekit.core.pruning import Moments
from prunekit.core.pruning.importance import ImportanceInputs
from prunekit.registry import Register, RegisterType


@pytest.fixture(scope="module")
def backend():
    return Register.get(RegisterType.BACKEND, os.environ["PRUNEKIT_TEST_BACKEND"])()


def images(count):
    return np.random.default_rng(0).standard_normal((count, 3, 9, 9)).astype(np.float32)


def three():
    return Sequential(Conv2d(3, 8, 3), ReLU(), Conv2d(8, 6, 3), ReLU(), Conv2d(6, 2, 1))


def two():
    return Sequential(Conv2d(3, 6, 3), ReLU(), Conv2d(6, 2, 1))


@pytest.fixture(scope="module")
def inputs(backend):
    network, data = backend.build(three, {}, 0), [(images(4), np.zeros(4))]
    graph = trace(network, data[0][0])
    return ImportanceInputs(graph, backend.observe(network, graph, data), backend.state_arrays(network), seed=5)


@pytest.mark.parametrize("name", ["compensation", "l1", "random"])
def test_contract(inputs, name):
    rankings = Register.get(RegisterType.IMPORTANCE, name)().rank(inputs)
    again = Register.get(RegisterType.IMPORTANCE, name)().rank(inputs)
    for group in inputs.graph.groups:
        ranking = rankings[group.id]
        assert sorted(ranking.order) == list(range(group.size))
        assert ranking.error.shape == (group.size + 1,)
        assert ranking.error[0] == 0
        assert (np.diff(ranking.error) >= 0).all()
        assert (ranking.order == again[group.id].order).all()
    assert set(rankings) == {group.id for group in inputs.graph.groups}


@pytest.mark.parametrize(("name", "needs"), [("compensation", {"observe"}), ("l1", set()), ("random", set())])
def test_what_needs_no_moments_looks_at_none(inputs, name, needs):
    criterion = Register.get(RegisterType.IMPORTANCE, name)
    assert getattr(criterion, "needs", frozenset()) == needs
    without = replace(inputs, moments=None)
    if needs:
        with pytest.raises(AttributeError):
            criterion().rank(without)
    else:
        assert criterion().rank(without).keys() == {group.id for group in inputs.graph.groups}


def test_l1_is_the_norm_of_the_filters(inputs):
    ranking = Register.get(RegisterType.IMPORTANCE, "l1")().rank(inputs)[0]
    norms = np.abs(inputs.state["0.weight"]).sum((1, 2, 3))
    assert (ranking.order == np.argsort(norms)).all()
    assert np.allclose(ranking.error[1:], np.cumsum(np.sort(norms)) / norms.sum())


def test_random_depends_on_the_seed_alone(inputs):
    criterion = Register.get(RegisterType.IMPORTANCE, "random")()
    other = ImportanceInputs(inputs.graph, Moments({}, {}), {}, seed=6)
    same = ImportanceInputs(inputs.graph, Moments({}, {}), {}, seed=5)
    assert (criterion.rank(same)[0].order == criterion.rank(inputs)[0].order).all()
    assert (criterion.rank(other)[0].order != criterion.rank(inputs)[0].order).any()


def test_compensation_sees_what_magnitude_does_not(backend):
    """Of two equal channels either may go for nothing, however large they are."""
    network = backend.build(two, {}, 0)
    data = [(images(1000), np.zeros(1000))]  # of few images it would not be sure that they are equal
    state = {name: array.copy() for name, array in backend.state_arrays(network).items()}
    state["0.weight"][4] = state["0.weight"][2] = 3 * state["0.weight"][2]
    state["0.bias"][4] = state["0.bias"][2]
    network = backend.with_state(network, state)
    graph = trace(network, data[0][0])
    known = ImportanceInputs(graph, backend.observe(network, graph, data), backend.state_arrays(network), seed=0)
    ranking = Register.get(RegisterType.IMPORTANCE, "compensation")().rank(known)[0]
    assert ranking.order[0] in (2, 4)
    assert ranking.error[1] < 1e-3 < ranking.error[2]
    assert Register.get(RegisterType.IMPORTANCE, "l1")().rank(known)[0].order[0] not in (2, 4)
