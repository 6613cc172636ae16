"""What the masked run of a whole network leaves for the run of the pruned one, to be held against it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prunekit.core.data.difference import relative_difference
from prunekit.core.graph.labels import IntArray
from prunekit.core.graph.operators import NO_TENSOR
from prunekit.core.graph.structure import ChannelStructure, staying
from prunekit.core.pruning.call_places import Call, Place
from prunekit.core.pruning.plan import PrunePlan


class Reference:
    """Values of the masked run where channels are summed, and what it drew and decided.

    A backend fills it in ``run_masked`` and holds the pruned network against it in ``run_compared``, operator by
    operator. There draws of random numbers and decisions (what is no real number but was made of such: indices that
    were sorted or kept, comparisons) are those of the masked run, so that nothing hinges on a tie or on chance.

    Args:
        graph: The whole network's structure.
        plan: What goes.
        precise: Whether casts to less than double precision in the network's code are lifted.
        lively: Whether the masked run may give normalizations the statistics of what they meet.
        thorough: Whether every operator's result is compared, and the compared run sees to it that no operator finds
            in memory that it does not write what it found there before.
        training: Whether both runs are of the training forward.

    Attributes:
        calls: How often each operator was called before, as the recording counts calls.
        differences: For each place that both runs came by, how far they are apart, relative to the largest value.
        effects: For each group the most that the removed units contributed to an operator's result, as a share of it,
            and where.
    """

    def __init__(
        self,
        graph: ChannelStructure,
        plan: PrunePlan,
        precise: bool = False,
        lively: bool = False,
        thorough: bool = False,
        training: bool = False,
    ) -> None:
        self.precise, self.lively, self.thorough, self.training = precise, lively, thorough, training
        self.calls = graph.operators.calls if training else {}
        self.differences: dict[Place, float] = {}
        self.effects: dict[int, tuple[float, Place]] = {}
        self._graph, self._keep = graph, plan.flags(graph)
        self._ends = np.cumsum([group.size for group in graph.groups])  # the unit behind each group's last
        operators = graph.operators.operators
        watched = {mask.operator for mask in graph.masks} - graph.rescaled
        first = graph.operators.training_from
        mode = [p for p in watched if operators[p].call >= 0 and (first is not None and p >= first) == training]
        calls = {(operators[p].name, operators[p].call) for p in mode}
        self._compared = {call for call in calls if self._first(call)}
        self._values: dict[Place, NDArray[Any]] = {}
        self._sorted: dict[Place, list[int]] = {}
        self._decided: dict[Place, dict[int, NDArray[Any]]] = {}
        self._calls: Mapping[tuple[str, str], int] = {}

    def follows(self, call: Call) -> bool:
        """Whether the recording followed this operator's result."""
        return call in self._graph.operators.results

    def compares(self, call: Call) -> bool:
        """Whether this operator's result is held against the pruned network's."""
        return call in self._compared or (self.thorough and self._first(call))

    def _first(self, call: Call) -> bool:
        """Whether the recording followed the first result of an operator."""
        return self._graph.operators.results.get(call, ())[:1] not in ((), (NO_TENSOR,))

    def stays(self, call: Call, result: int = 0) -> Iterator[tuple[int, IntArray]]:
        """Each axis of an operator's result that loses positions, and those that stay."""
        number = self._graph.operators.results[call][result]
        for axis, units in self._graph.positions.get(number, {}).items():
            flags = staying(units, self._keep)
            if not flags.all():
                yield axis, np.flatnonzero(flags)

    def note(self, call: Call, place: Place, cut: Callable[[int], NDArray[Any]], decided: Iterable[int]) -> None:
        """Keep of an operator's results what is compared, and what was drawn or decided.

        Args:
            call: The call.
            place: Where the operator is.
            cut: Gives a result by its number, cut to what stays, in an array that nobody else writes.
            decided: Numbers of the results that were drawn or decided. They are not kept where what stays is not known,
                or stands in another order afterwards.
        """
        if self.compares(call):
            self._sorted[place] = self._dealt_axes(call, 0)
            self._values[place] = _sorted(cut(0), self._sorted[place])
        for result in decided:
            followed = self._graph.operators.results[call][result] != NO_TENSOR
            if followed and not self._dealt_axes(call, result):
                self._decided.setdefault(place, {})[result] = cut(result)

    def _dealt_axes(self, call: Call, result: int) -> list[int]:
        """Axes along which what stays may stand in another order in the pruned network."""
        return [] if self._graph.arrangement is None else [axis for axis, _ in self.stays(call, result)]

    def note_effect(self, mask: int, place: Place, powers: NDArray[np.floating], whole: float) -> None:
        """Keep what the channels contributed to the result of a masked operator.

        Args:
            mask: Position in ``graph.masks``.
            place: Where the operator is.
            powers: Mean square of what each position along the mask's axis contributes.
            whole: Mean square of the result.
        """
        units = self._graph.masks[mask].units
        gone = np.flatnonzero(~staying(units, self._keep))
        for group, share in _summed(np.searchsorted(self._ends, units[gone], side="right"), powers[gone]):
            effect = float(np.sqrt(share / whole)) if whole > 0 else float(share > 0)  # nothing else is left of it
            effect = effect if np.isfinite(effect) else 0.0
            gid = self._graph.groups[group].id
            self.effects[gid] = max(self.effects.get(gid, (0.0, place)), (effect, place))

    def decisions(self, place: Place) -> Mapping[int, NDArray[Any]]:
        """What the masked run drew or decided there, by the number of the result."""
        return self._decided.get(place, {})

    @property
    def complete(self) -> bool:
        """Whether the masked run came by all operators whose results are to be compared."""
        return len(self._values) == len(self._compared)

    def expects(self, place: Place) -> bool:
        """Whether there is something to hold this operator's result against."""
        return place in self._values

    def shape(self, place: Place) -> tuple[int, ...]:
        """The shape that the operator's result is to have."""
        return self._values[place].shape

    def compare(self, place: Place, values: NDArray[Any]) -> None:
        """Hold an operator's result in the pruned network against that of the masked run.

        What is not finite in the masked run is no measure: there, zeros in place of what goes are none.
        """
        found, wanted = _sorted(values, self._sorted[place]), self._values[place]
        error = relative_difference(found, wanted)
        if found.shape == wanted.shape and not np.isfinite(error):
            finite = np.isfinite(wanted)
            error = relative_difference(np.where(finite, found, 0), np.where(finite, wanted, 0))
        self.differences[place] = error

    def masked_run_ends(self, calls: Mapping[tuple[str, str], int]) -> None:
        """How often each module called each operator."""
        self._calls = dict(calls)

    def compared_run_ends(self, calls: Mapping[tuple[str, str], int]) -> None:
        """How often each module of the pruned network did; where that differs, nothing was compared after all.

        There a framework chose another way to the same result, as by sizes, and call 3 is not the other's call 3.
        """
        for place in [place for place in self.differences if calls.get(place[:2]) != self._calls.get(place[:2])]:
            del self.differences[place]
        self._values.clear()


def _sorted(values: NDArray[Any], axes: Sequence[int]) -> NDArray[Any]:
    for axis in axes:
        values = np.sort(values, axis)
    return values


def _summed(groups: IntArray, powers: NDArray[np.floating]) -> Iterator[tuple[int, float]]:
    totals = np.bincount(groups, weights=powers)
    return ((int(group), float(totals[group])) for group in np.unique(groups))
