"""Allocates a budget to the groups without any evaluation."""

from __future__ import annotations

import heapq
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from prunekit.core.search.errors import BudgetError
from prunekit.core.search.space import SearchSpace

_HALVINGS = 40


def uniform_counts(space: SearchSpace) -> NDArray[np.int64]:
    """Return the counts of the largest ratio that, the same for every group, meets the budget.

    Raises:
        BudgetError: There is no budget.
    """
    _need_budget(space, "one ratio for all groups")
    return _largest(space, lambda ratio: space.counts(np.full(len(space.allowed), ratio)))


def fitted_counts(space: SearchSpace, ratios: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the counts of ``ratios`` moved, all by the same share of their way, until they use the budget up.

    Towards the lower bounds where they miss the budget, towards the upper ones where they leave some of it; without
    a budget they stay as they are. Deciding the groups one after the other instead would starve the last ones.
    """
    if not space.constraints:
        return space.counts(ratios)
    low, high = space.ratios(space.lowest), space.ratios(space.highest)
    middle = np.clip(ratios, low, high)

    def moved(way: float) -> NDArray[np.int64]:
        up = middle + (2 * way - 1) * (high - middle)
        return space.counts(up if way > 0.5 else low + 2 * way * (middle - low))

    return _largest(space, moved)


def closed_form_counts(space: SearchSpace) -> NDArray[np.int64]:
    """Return counts that meet the budget, found by removing first what costs least error per cost saved.

    Starts from the most that the bounds allow; a step takes one group to its next smaller allowed count. The error
    is the ranking's, the saving is summed over the conditions of the budget that are not yet met.

    Raises:
        BudgetError: There is no budget.
    """
    _need_budget(space, "the closed form")
    counts = space.highest
    heap = [(0.0, index) for index in space.free]  # a lower bound of each group's price; see below
    while heap and not space.fits(counts):
        _, index = heapq.heappop(heap)
        price, smaller = _step(space, counts, index)
        # Prices only rise while other groups shrink, so a group that is still the cheapest is the cheapest of all.
        if heap and price > heap[0][0]:
            heapq.heappush(heap, (price, index))
            continue
        counts[index] = smaller
        if smaller > space.allowed[index][0]:
            heapq.heappush(heap, (0.0, index))
    return counts


def _step(space: SearchSpace, counts: NDArray[np.int64], index: int) -> tuple[float, int]:
    """Return what the next step of a group costs (error per saving) and the count that it leads to."""
    allowed, group = space.allowed[index], space.graph.groups[index]
    smaller = int(allowed[int(np.searchsorted(allowed, counts[index])) - 1])
    error = space.rankings[group.id].error
    damage = float(error[group.size - smaller] - error[group.size - counts[index]])
    after = counts.copy()
    after[index] = smaller
    saving = 0.0
    for constraint in space.constraints:
        now = space.share(constraint.cost, counts)
        if now > constraint.limit:
            saving += now - space.share(constraint.cost, after)
    return (damage / saving if saving > 0 else np.inf), smaller


def _largest(space: SearchSpace, counts_at: Callable[[float], NDArray[np.int64]]) -> NDArray[np.int64]:
    """Return the counts at the largest of [0, 1] that meets the budget; they never fall with their argument."""
    best, low, high = space.lowest, 0.0, 1.0
    if space.fits(counts_at(1.0)):
        return counts_at(1.0)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        tried = counts_at(middle)
        if space.fits(tried):
            best, low = tried, middle
        else:
            high = middle
    return best


def _need_budget(space: SearchSpace, what: str) -> None:
    if not space.constraints:
        raise BudgetError(f'{what} needs a budget to fill; add for instance budget: "flops <= 0.5"')
