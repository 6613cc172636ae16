"""How the samples of an epoch are shared out to ranks."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prunekit.core.data.sharing import shared_out


def test_449_samples_at_two_times_32() -> None:
    order = np.random.default_rng(0).permutation(449)
    parts = [shared_out(order, 32, rank, 2) for rank in range(2)]
    assert [len(part) for part in parts] == [8, 8]
    assert sorted(index for part in parts for batch in part for index in batch) == list(range(449))
    assert [len(batch) for part in parts for batch in part[-2:]] == [32, 1, 31, 1]


@settings(max_examples=300, deadline=None)
@given(st.integers(1, 90), st.integers(1, 9), st.integers(1, 7), st.booleans())
def test_every_rank_has_as_many_batches_and_every_sample_comes_once(
    samples: int, batch_size: int, world: int, drop_last: bool
) -> None:
    step = batch_size * world
    if drop_last and samples < step:
        return
    parts = [shared_out(np.arange(samples), batch_size, rank, world, drop_last) for rank in range(world)]
    steps = samples // step if drop_last else -(-samples // step)
    assert {len(part) for part in parts} == {steps}
    assert all(1 <= len(batch) <= batch_size for part in parts for batch in part)
    counts = Counter(index for part in parts for batch in part for index in batch)
    assert set(counts) == set(range(steps * step if drop_last else samples))
    if samples >= step + world or samples % step == 0 or samples % step >= world:
        repeated = 0 if batch_size > 1 or samples % step == 0 or drop_last else world - samples % step
        assert sum(counts.values()) - len(counts) == repeated


@pytest.mark.parametrize(
    ("samples", "batch_size", "world", "batches"),
    [
        (3, 1, 2, [[[0], [2]], [[1], [0]]]),  # batches of one sample spare none: the first is repeated
        (1, 4, 3, [[[0]], [[0]], [[0]]]),
        (2, 4, 3, [[[0]], [[1]], [[0]]]),
        (5, 2, 2, [[[0, 2], [3]], [[1], [4]]]),
    ],
)
def test_the_last_samples(samples: int, batch_size: int, world: int, batches: list[list[list[int]]]) -> None:
    assert [shared_out(np.arange(samples), batch_size, rank, world) for rank in range(world)] == batches
