from __future__ import annotations

import numpy as np
import pytest

from prunekit.plugins.search_algorithms.mlp import MLP, Adam


def test_gradients_are_those_of_finite_differences():
    rng = np.random.default_rng(0)
    network = MLP((4, 7, 5, 2), rng, dtype="f8")
    inputs, weights = rng.normal(size=(6, 4)), rng.normal(size=(6, 2))

    def objective() -> float:
        return float((network.forward(inputs).output * weights).sum())

    flat, by_input = network.backward(network.forward(inputs), weights)
    step = 1e-6
    for values, gradient in ((network.parameters, flat), (inputs, by_input)):
        for position in np.ndindex(values.shape):
            before = values[position]
            values[position] = before + step
            above = objective()
            values[position] = before - step
            slope = (above - objective()) / (2 * step)
            values[position] = before
            assert gradient[position] == pytest.approx(slope, rel=1e-6, abs=1e-8)


def test_adam_takes_the_published_first_step_and_finds_a_minimum():
    parameters = np.array([1.0, -2.0])
    adam = Adam(parameters, 0.1)
    adam.step(np.array([4.0, -0.5]))
    assert parameters == pytest.approx([0.9, -1.9])
    for _ in range(500):
        adam.step(2 * (parameters - [0.5, 0.25]))
    assert parameters == pytest.approx([0.5, 0.25], abs=1e-3)


def test_follow_moves_a_share_of_the_way():
    rng = np.random.default_rng(0)
    slow, fast = MLP((2, 3, 1), rng), MLP((2, 3, 1), rng)
    expected = 0.99 * slow.parameters + 0.01 * fast.parameters
    twin = slow.copy()
    slow.follow(fast, 0.01)
    assert slow.parameters == pytest.approx(expected)
    assert (twin.parameters != slow.parameters).any()
    inputs = rng.normal(size=(4, 2)).astype("f4")
    assert (twin.copy().forward(inputs).output == twin.forward(inputs).output).all()
