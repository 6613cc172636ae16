"""Turns bounds of the yml into the numbers of units that a group may keep."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from prunekit.core.graph import ChannelStructure, Group
from prunekit.core.search.errors import BoundError

Range = tuple[float, float]
_EXACT = 1e-9  # 0.07 * 100 is more than 7


def skipped_groups(graph: ChannelStructure, mids: Iterable[int]) -> dict[int, Range]:
    """Return {position of the group: (1, 1)} for ``user_skip_module_id``; protected mids are skipped anyway.

    Raises:
        BoundError: A mid is not in the network.
    """
    known = {layer.mid for layer in graph.numbered}
    if unknown := sorted(set(mids) - known):
        raise BoundError(f"user_skip_module_id: the network has no mid {_list(unknown)}; it has {_list(sorted(known))}")
    return {i: (1.0, 1.0) for i, group in enumerate(graph.groups) if set(mids) & set(group.mids)}


def bounded_groups(graph: ChannelStructure, bounds: Mapping[int, Range], key: str) -> dict[int, Range]:
    """Return {position of the group: bound} from {mid: bound}; ``key`` names the yml's key in messages.

    Raises:
        BoundError: A mid is unknown or protected, or two mids of one group have different bounds.
    """
    position = {mid: i for i, group in enumerate(graph.groups) for mid in group.mids}
    found: dict[int, tuple[int, Range]] = {}
    for mid, bound in bounds.items():
        if mid not in position:
            why = "is protected" if any(layer.mid == mid for layer in graph.numbered) else "is not in the network"
            raise BoundError(f"{key}: mid {mid} {why}; mids that can be pruned: {_list(sorted(position))}")
        other, earlier = found.setdefault(position[mid], (mid, bound))
        if earlier != bound:
            raise BoundError(
                f"{key}: mids {other} and {mid} are one group and need one bound, not {list(earlier)} and {list(bound)}"
            )
    return {index: bound for index, (_, bound) in found.items()}


def refuse_skipped(graph: ChannelStructure, mids: Iterable[int], bounds: Mapping[int, Range], key: str) -> None:
    """Refuse a bound, other than all of it, for a group that ``user_skip_module_id`` keeps whole.

    Raises:
        BoundError: There is one; the message names both mids.
    """
    skipped = set(mids)
    for group in graph.groups:
        whole = sorted(skipped & set(group.mids))
        for mid in group.mids if whole else ():
            if bounds.get(mid, (1.0, 1.0)) != (1.0, 1.0):
                raise BoundError(
                    f"user_skip_module_id keeps mid {whole[0]} whole, {key} bounds mid {mid} by {list(bounds[mid])}:"
                    f" they are one group ({group.name}); drop one"
                )


def allowed_counts(group: Group, bound: Range, channel_round: int) -> NDArray[np.int64]:
    """Return the ascending numbers of units that ``group`` may keep.

    The kept channels of its producer are a multiple of ``channel_round``, or all of them. Where no such number lies
    within the bound, it is the next one above (all channels at the latest): rather too many than too few. A group
    whose channels can never be such a multiple is not rounded. One unit always stays.
    """
    high = max(1, round(group.size * bound[1]))
    low = min(high, max(1, math.ceil(group.size * bound[0] - _EXACT)))  # a lower bound is not undercut by rounding
    units = np.array(group.counts, dtype=np.int64)
    if group.fixed % math.gcd(group.per_unit, channel_round) == 0:
        multiple = np.array([group.channels(count) for count in group.counts]) % channel_round == 0
        multiple[-1] = True
        units = units[multiple]
    inside = units[(units >= low) & (units <= high)]
    return inside if len(inside) else units[units >= low][:1]


def _list(mids: list[int]) -> str:
    return ", ".join(map(str, mids))
