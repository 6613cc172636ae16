"""Sizes that the network's code compares: what keeps the outcome, and what a plan has to be looked at for.

``if x.shape[1] != y.shape[1]: x = self.proj(x)`` is another function where a plan makes the two sizes equal. Sizes that
were found equal stay so: what they count is tied. Every other comparison goes into the structure, with the units that
its sizes count, and is looked at again for each plan (`prunekit.core.graph.flips`). What cannot go at all without
another outcome stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from prunekit.core.graph.flips import flip
from prunekit.core.graph.flow_state import FlowState
from prunekit.core.graph.labels import IntArray
from prunekit.core.graph.structure import Comparison
from prunekit.core.graph.tracked_sizes import Attribute, Combined, Compared, Extent, Literal, SizeOrigin, leaves

UnitsOf = Callable[[IntArray], IntArray]


def keep_equal(flow: FlowState) -> None:
    """Let sizes that were found equal stay so; to be called before the attributes are settled."""
    simple = (p._replace(left=_simple(p.left), right=_simple(p.right)) for p in flow.graph.compared if p.equal)
    pairs = [pair for pair in simple if not isinstance(pair.left, Combined) and not isinstance(pair.right, Combined)]
    for left, right in (p for pair in pairs for p in _both_ways(pair)):
        counts = _counted(flow, right)
        if isinstance(left, Attribute) and isinstance(right, Extent) and counts is not None:
            flow.attributes.setdefault(left, []).append(counts)
    own = [pair for pair in pairs if not pair.by_framework]
    while _follow(flow, own):
        pass
    for pair in own:
        _keep_equal(flow, pair)


def _follow(flow: FlowState, pairs: list[Compared]) -> bool:
    """Let one more attribute follow another that it equals; False if there is none."""
    for left, right in (p for pair in pairs for p in _both_ways(pair)):
        counts = _counted(flow, right) if isinstance(right, Attribute) else None
        if isinstance(left, Attribute) and left not in flow.attributes and counts is not None:
            flow.attributes[left] = [counts]
            return True
    return False


def _keep_equal(flow: FlowState, pair: Compared) -> None:
    counts = _counted(flow, pair.left), _counted(flow, pair.right)
    found = [labels for labels in counts if labels is not None]
    if len(found) == 2 and found[0].size == found[1].size:
        flow.labels.tie_counts(*found)


def _both_ways(pair: Compared) -> Iterator[tuple[SizeOrigin | float, SizeOrigin | float]]:
    yield pair.left, pair.right
    yield pair.right, pair.left


def _simple(side: SizeOrigin | float) -> SizeOrigin | float:
    """``c // h * h`` as ``c``, where h goes into it."""
    if not isinstance(side, Combined) or side.operator != "*":
        return side
    for whole, times in ((side.left, side.right), (side.right, side.left)):
        if isinstance(whole, Combined) and whole.operator == "//" and whole.right == times:
            return whole.left if side.value == whole.left.value else side
    return side


def _counted(flow: FlowState, leaf: SizeOrigin | float) -> IntArray | None:
    """The labels that a size counts, or None for one that stays as it is."""
    if isinstance(leaf, Attribute):
        return flow.attributes.get(leaf, [None])[0]
    return flow.axes(leaf.tensor).get(leaf.axis) if isinstance(leaf, Extent) else None


def comparisons(flow: FlowState, units_of: UnitsOf) -> tuple[Comparison, ...]:
    """The comparisons whose outcome a plan might change, each once."""
    found: dict[object, Comparison] = {}
    for compared in flow.graph.compared:
        counted = {} if compared.by_framework else _units(flow, compared, units_of)
        if counted and not _same(compared, counted):
            key = compared.place, compared.operator, compared.holds, _key(compared.left, counted)
            found.setdefault((*key, _key(compared.right, counted)), _comparison(compared, counted))
    return tuple(found.values())


SHARES = 16
"""In how many steps all that a comparison counts is tried to go together."""


def stuck(comparison: Comparison, group_of: IntArray) -> IntArray:
    """Units of which none can go without another outcome, whatever else goes.

    Args:
        comparison: What they are compared with.
        group_of: The group of each unit of the graph.
    """
    counted = np.unique(np.concatenate(list(comparison.units.values())))
    groups = group_of[counted := counted[counted >= 0]]
    parts = [counted[groups == group] for group in np.unique(groups)]
    whole = np.bincount(group_of)[np.unique(groups)]
    most = [part.size - (part.size == size) for part, size in zip(parts, whole, strict=True)]  # one unit stays
    for share in range(1, SHARES):
        gone = [part[: round(n * share / SHARES)] for part, n in zip(parts, most, strict=True)]
        if all(part.size for part in gone) and _goes(comparison, np.concatenate(gone), group_of.size):
            return counted[:0]
    free = [
        any(_goes(comparison, part[:n], group_of.size) for n in range(1, limit + 1))
        for part, limit in zip(parts, most, strict=True)
    ]
    return np.concatenate([counted[:0], *(part for part, goes in zip(parts, free, strict=True) if not goes)])


def _goes(comparison: Comparison, gone: IntArray, units: int) -> bool:
    """Whether the outcome stays the same without some units."""
    keep = np.ones(units, dtype=bool)
    keep[gone] = False
    return flip(comparison, keep) is None


def _comparison(compared: Compared, counted: dict[SizeOrigin, IntArray]) -> Comparison:
    left, operator, right, holds, place, module, _ = compared
    return Comparison(left, operator, right, holds, str(place), module, counted)


def _units(flow: FlowState, compared: Compared, units_of: UnitsOf) -> dict[SizeOrigin, IntArray]:
    """For each size in a comparison that a plan can change, the unit of each position that it counts."""
    found: dict[SizeOrigin, IntArray] = {}
    for leaf in (leaf for side in (compared.left, compared.right) for leaf in _leaves(side)):
        labels = _counted(flow, leaf)
        if labels is not None and ((units := units_of(labels)) >= 0).any():
            found[leaf] = units
    return found


def _leaves(side: SizeOrigin | float) -> Iterator[Literal | Extent | Attribute]:
    return iter(()) if isinstance(side, (int, float)) else leaves(side)


def _same(compared: Compared, counted: dict[SizeOrigin, IntArray]) -> bool:
    """Whether both sides count the same units, however many stay."""
    one, other = (counted.get(s) if not isinstance(s, (int, float)) else None for s in (compared.left, compared.right))
    return one is not None and other is not None and np.array_equal(np.sort(one), np.sort(other))


def _key(side: SizeOrigin | float, counted: dict[SizeOrigin, IntArray]) -> object:
    """What tells two sides apart: a module that runs twice has the same sizes of other tensors."""
    if isinstance(side, Combined):
        return side.operator, _key(side.left, counted), _key(side.right, counted)
    units = None if isinstance(side, (int, float)) else counted.get(side)
    if units is not None:
        return units.tobytes()
    return side if isinstance(side, (int, float)) else side.value
