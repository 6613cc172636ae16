"""Draws of Python's and NumPy's own generators."""

from __future__ import annotations

import random

import numpy as np

from prunekit.core.recording.code_draws import seeded_draws


def test_draws_are_the_same_and_the_callers_go_on():
    state, numbers = random.getstate(), np.random.get_state()[1].tolist()
    drawn = []
    for _ in range(2):
        with seeded_draws(3):
            drawn.append((random.random(), np.random.rand(), np.random.permutation(5).tolist()))
    assert drawn[0] == drawn[1]
    assert random.getstate() == state and np.random.get_state()[1].tolist() == numbers
    with seeded_draws(4):
        assert (random.random(), np.random.rand()) != drawn[0][:2]
