"""Costs, held against the error of removing everything that is gone at once."""

from __future__ import annotations

import numpy as np
import pytest

from prunekit.core.pruning.elimination import Elimination


def layer(groups, channels, constant, seed=0):
    rng = np.random.default_rng(seed)
    mixed = rng.standard_normal((groups, 400, channels)) @ rng.standard_normal((channels, channels)) + 0.5
    x = np.concatenate([mixed, np.ones((groups, 400, 1))], 2) if constant else mixed
    return x.swapaxes(1, 2) @ x / 400, rng.standard_normal((groups, channels, 7))


def error_of(gram, rows, gone):
    """What is left of the output's second moment when the others make up for ``gone``, relative to its power."""
    channels, constant = rows.shape[1], gram.shape[1] > rows.shape[1]
    left, power = 0.0, 0.0
    for g, w in zip(gram, rows, strict=True):
        inverse = np.linalg.inv(g)
        left += np.trace(w[gone].T @ np.linalg.inv(inverse[np.ix_(gone, gone)]) @ w[gone])
        mean = g[:channels, -1:] if constant else np.zeros((channels, 1))
        power += np.trace(w.T @ (g[:channels, :channels] - mean @ mean.T) @ w)
    return left / power


ONE_EACH = np.arange(60)
SEVERAL = np.array([-1, *np.tile(np.arange(18), 3), 3, 3, 20, 21, 22])  # the last three are another group's
FEW = np.array([-1] * 50 + list(range(4, 14)))  # not every unit is read, and not every channel can go


@pytest.mark.parametrize("constant", [True, False])
@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize(("units", "size"), [(ONE_EACH, 60), (SEVERAL, 20), (FEW, 14)])
def test_costs_add_up_to_the_error_of_all_that_is_gone(units, size, groups, constant):
    gram, rows = layer(groups, len(units), constant)
    made, total, gone = Elimination(gram, rows, units, size), 0.0, []
    for unit in np.random.default_rng(1).permutation(size):
        total += made.costs()[unit]
        made.remove(int(unit))
        gone += np.flatnonzero(units == unit).tolist()
        assert total == pytest.approx(error_of(gram, rows, gone), rel=1e-8)
        assert made.costs()[unit] == 0
