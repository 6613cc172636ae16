"""Recalibrated statistics: the average over all calls of a normalization, and the old ones where it is not called."""

from __future__ import annotations

import numpy as np
from mindspore import Tensor, nn

from prunekit.plugins.backends.mindspore.backend import MindsporeBackend

BACKEND = MindsporeBackend()
X = np.random.default_rng(0).random((2, 3, 6, 6), np.float32)


class Twice(nn.Cell):
    """One normalization for two tensors, and one that is not reached."""

    def __init__(self) -> None:
        super().__init__()
        self.norm, self.other = nn.BatchNorm2d(3), nn.BatchNorm2d(3)
        self.other.moving_mean.set_data(Tensor(np.full(3, 7, np.float32)))

    def construct(self, x):
        return self.norm(x) + self.norm(x + 10)


def test_statistics_are_the_average_over_all_calls_and_stay_where_none_is():
    network = BACKEND.build(Twice, {}, 0)
    found = BACKEND.state_arrays(BACKEND.recalibrate(network, [(X, 0), (X + 1, 0)]))
    assert np.allclose(found["norm.moving_mean"], X.mean((0, 2, 3)) + 5.5, rtol=1e-5)
    assert found["other.moving_mean"].tolist() == [7, 7, 7]
    assert BACKEND.state_arrays(network)["norm.moving_mean"].tolist() == [0, 0, 0]
