"""Random numbers inside a seeded block follow from the seed, and the generators are afterwards what they were."""

from __future__ import annotations

import mindspore
import numpy as np
from mindspore import nn

from prunekit.plugins.backends.mindspore.backend import MindsporeBackend
from prunekit.plugins.backends.mindspore.seeding import seeded


class Net(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.drop = nn.Conv2d(3, 4, 3), nn.Dropout(p=0.5)

    def construct(self, x):
        return self.drop(self.conv(x))


def test_random_numbers_are_left_as_they_were():
    mindspore.set_seed(5)
    before = np.random.get_state()[1].tolist(), mindspore.get_seed()
    with seeded(3):
        first = MindsporeBackend().build(Net, {}, 1).conv.weight.asnumpy(), np.random.rand()
    assert (np.random.get_state()[1].tolist(), mindspore.get_seed()) == before
    with seeded(3):
        second = MindsporeBackend().build(Net, {}, 1).conv.weight.asnumpy(), np.random.rand()
    assert first[1] == second[1] and np.array_equal(first[0], second[0])
    assert not np.array_equal(first[0], MindsporeBackend().build(Net, {}, 2).conv.weight.asnumpy())
