"""Shares the samples of an epoch out to ranks that step together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def shared_out(
    order: NDArray[np.integer], batch_size: int, rank: int, world: int, drop_last: bool = False
) -> list[list[int]]:
    """The batches of one rank; every rank has as many, as each of its steps waits for those of the others.

    A last global batch with fewer samples than there are ranks takes what it lacks from the one before it, so every
    sample comes exactly once, on one rank. Only where that one cannot spare them (batches of one sample, fewer samples
    than ranks) the first samples are repeated.

    Args:
        order: All samples, in their order.
        batch_size: Samples in a batch of one rank.
        rank: Whose batches.
        world: How many ranks there are.
        drop_last: Leave out a last global batch that is not full.
    """
    step = batch_size * world
    whole = len(order) - len(order) % step
    if drop_last:
        order = order[:whole]
    starts = list(range(0, len(order), step))
    lacking = starts[-1] + world - len(order)
    if lacking > 0 and len(starts) > 1 and step - lacking >= world:
        starts[-1] -= lacking
    elif lacking > 0:
        order = np.resize(order, len(order) + lacking)  # which begins anew at its end
    ends = [*starts[1:], len(order)]
    return [order[start:end][rank::world].tolist() for start, end in zip(starts, ends, strict=True)]
