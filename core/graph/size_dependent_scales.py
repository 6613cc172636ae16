"""Rescaling: finds the parameters that make up for a size that enters the values, when that size changes.

``softmax(q k^T / sqrt(d))`` with a ``d`` that the code reads from a shape becomes another function when d shrinks; the
rows of the weight that makes q, times ``sqrt(new / old)``, give the old one back.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from prunekit.core.graph.attributes import Attributes, Elementwise, Index, Matmul
from prunekit.core.graph.flow_state import FlowState, Rescaled, Scaled, where
from prunekit.core.graph.labels import IntArray
from prunekit.core.graph.operators import Operator
from prunekit.core.graph.row_provenance import DEPTH, Trail, behind, moved, moves
from prunekit.core.graph.size_arithmetic import evaluated
from prunekit.core.graph.size_constraints import constant, counted
from prunekit.core.graph.tracked_sizes import Attribute, Combined, Literal, SizeOrigin, leaves

Rows = dict[tuple[str, int], IntArray]
"""For each (parameter, axis), positions along it."""

Read = tuple[int, int]
"""The position of an operator, and an input of it."""


class _Candidate(NamedTuple):
    """Rows that may make up for a factor.

    Attributes:
        rows: The rows.
        good: Whether they reach nothing but operators that multiply by this power.
        degree: How often they are a factor of the operator's result: of both sides of a product, where one layer
            makes them, twice.
    """

    rows: Rows
    good: bool
    degree: int


def rescaled(flow: FlowState) -> list[Rescaled]:
    """For each size that enters the values, what makes up for it; where nothing can, that size is kept."""
    search, wanted, factors = _Search(flow), list[tuple[Scaled, IntArray]](), {each.operator for each in flow.scaled}
    for scaled in flow.scaled:
        if not flow.used(flow.graph.operators[scaled.operator].outputs):
            continue  # attention averages its shares over heads also where nobody asks for them
        labels, origin = _counts(flow, scaled)
        if labels is None:
            continue
        if not _can_be_made_up(origin, labels.size) or search.multiplied_before(scaled, factors):
            told = (
                f"{where(flow.graph.operators[scaled.operator])} multiplies by a number that is computed from its size"
            )
            flow.labels.freeze(labels, told)
        else:
            labels = flow.labels.classes()[labels]  # of tied labels either may have been met
            wanted.append((replace(scaled, origin=origin), labels))
            search.meet(*wanted[-1])
    found: dict[object, Rescaled] = {}
    for (scaled, labels), made_up in zip(wanted, search.chosen(wanted), strict=True):
        if made_up:  # a module that runs twice is met twice
            key = _key(scaled, labels, made_up.rows)
            passed = {position for position, _ in search.allowed[key]} - {each.operator for each in flow.scaled}
            exponent = scaled.exponent / made_up.degree
            found[key] = Rescaled(made_up.rows, labels, exponent, scaled.origin, frozenset(passed))
        else:
            operator = flow.graph.operators[scaled.operator]
            flow.labels.freeze(labels, f"{where(operator)} multiplies by a power of its size")
    return list(found.values())


def scale_of(origin: SizeOrigin, size: int) -> float | None:
    """By what a number that is computed from one size is multiplied where the size is another; None: nobody knows."""
    number = evaluated(origin, dict.fromkeys((leaf for leaf in leaves(origin) if not isinstance(leaf, Literal)), size))
    return None if number is None or not origin.value else number / origin.value


def _can_be_made_up(origin: SizeOrigin, size: int) -> bool:
    """Whether a number that is computed from a size has the same sign and is not zero whatever the size becomes.

    Whole quotients are of sizes that they divide.
    """
    if isinstance(origin.value, int):
        return all(scale_of(origin, n) is not None for n in range(1, size))
    return all((scale_of(origin, n) or 0) > 0 for n in range(1, size))


def _key(scaled: Scaled, labels: IntArray, rows: Rows) -> object:
    kind = scaled.exponent, _form(scaled.origin), labels.tobytes()
    return *kind, *((name, table.tobytes()) for name, table in rows.items())


def _form(origin: SizeOrigin) -> object:
    """What tells numbers apart that are computed from the same size in other ways."""
    if isinstance(origin, Combined):
        return origin.operator, _form(origin.left), _form(origin.right)
    return origin.value if isinstance(origin, Literal) else None


class _Search:
    """Looks for parameters behind the operators that multiply by a power of a size."""

    def __init__(self, flow: FlowState) -> None:
        self.flow = flow
        self.makers, self.readers = dict[int, int](), dict[int, list[int]]()
        for position, operator in enumerate(flow.graph.operators):
            self.makers.update(dict.fromkeys(operator.outputs, position))
            for tensor in operator.inputs:
                self.readers.setdefault(tensor, []).append(position)
        self.ways: dict[int, list[tuple[Rows, Trail]]] = {}
        self.allowed: dict[object, set[Read]] = {}

    def meet(self, scaled: Scaled, labels: IntArray) -> None:
        """Find all candidates: of a matrix product either factor."""
        ways = self.ways.setdefault(scaled.operator, [])
        for tensor, trail in self._factors(scaled.operator):
            tables = behind(trail, tensor)
            if tables:
                rows = {key: np.unique(table[table >= 0]) for key, table in tables.items()}
                ways.append((rows, trail))
                self.allowed.setdefault(_key(scaled, labels, rows), set()).update(trail.reads)

    def chosen(self, wanted: list[tuple[Scaled, IntArray]]) -> list[_Candidate | None]:
        """For each the rows that make up for it, so that none is made up for twice where products share a factor."""
        options = [self._candidates(scaled, labels) for scaled, labels in wanted]
        chosen: list[_Candidate | None] = [None] * len(wanted)
        for k in sorted(range(len(wanted)), key=lambda k: sum(each.good for each in options[k].values())):
            for key, candidate in options[k].items() if chosen[k] is None else ():
                alike = [j for j, others in enumerate(options) if key in others]
                same = all(options[j][key].degree == candidate.degree for j in alike)
                if same and all(options[j][key].good and chosen[j] is None for j in alike):
                    for j in alike:
                        chosen[j] = candidate
                    break
        return chosen

    def _candidates(self, scaled: Scaled, labels: IntArray) -> dict[object, _Candidate]:
        found: dict[object, _Candidate] = {}
        for rows, trail in self.ways[scaled.operator]:
            allowed = self.allowed[key := _key(scaled, labels, rows)]
            good = not any(self._leaves(tensor, trail, rows, allowed) for tensor in trail.tables)
            before = found.get(key, _Candidate(rows, good=True, degree=0))
            found[key] = _Candidate(rows, good and before.good, before.degree + 1)
        return found

    def multiplied_before(self, scaled: Scaled, factors: Set[int]) -> bool:
        """Whether what an operator multiplies is a multiple by such a number already."""
        tensor = self.flow.graph.operators[scaled.operator].inputs[0]
        for _ in range(DEPTH):
            maker = self.makers.get(tensor)
            if maker is None or maker in factors:
                return maker is not None
            operator = self.flow.graph.operators[maker]
            if not moves(operator) and not _multiple(operator):
                return False
            tensor = operator.inputs[0]
        return False

    def _factors(self, position: int) -> Iterator[tuple[int, Trail]]:
        """The tensors that an operator's result is a multiple of, and the way to them."""
        for tensor in self.flow.graph.operators[position].inputs:
            passed, way = list[int](), {(position, tensor)}
            yield tensor, self._trail(passed, way)
            for _ in range(DEPTH):
                maker = self.makers.get(tensor)
                if maker is None:
                    break
                operator = self.flow.graph.operators[maker]
                passed = [*passed, tensor]
                if isinstance(operator.attributes, Matmul) and operator.attributes.bilinear:
                    for factor in operator.inputs:
                        yield factor, self._trail(passed, {*way, (maker, factor)})
                if not moves(operator) and not _multiple(operator):
                    break
                tensor = operator.inputs[0]
                way = {*way, (maker, tensor)}

    def _trail(self, passed: list[int], way: set[Read]) -> Trail:
        return Trail(self.flow, self.makers, dict.fromkeys(passed), set(way))

    def _leaves(self, tensor: int, trail: Trail, rows: Rows, allowed: set[Read]) -> bool:
        """Whether the rows behind a tensor on the way go elsewhere too, where they must stay as they are."""
        tables = trail.tables[tensor]
        if tables is None:
            return self._reaches(tensor, np.ones([1] * len(self.flow.shape(tensor)), dtype=np.int64), allowed)
        flags = [np.isin(table, rows[key]).astype(np.int64) for key, table in tables.items() if key in rows]
        return any(self._reaches(tensor, table, allowed) for table in flags)

    def _reaches(self, tensor: int, flags: IntArray, allowed: set[Read]) -> bool:
        """Whether what is flagged in a tensor comes to an operator that is not allowed, or out of the network."""
        if not flags.any():
            return False
        if tensor in self.flow.graph.outputs:
            return True
        others = [self.flow.graph.operators[p] for p in self.readers.get(tensor, ()) if (p, tensor) not in allowed]
        return any(self._passes(operator, tensor, flags, allowed) for operator in others)

    def _passes(self, operator: Operator[Attributes], tensor: int, flags: IntArray, allowed: set[Read]) -> bool:
        if moves(operator) and operator.inputs[0] == tensor:
            return any(self._reaches(t, moved(self.flow, operator, t, flags), allowed) for t in operator.outputs)
        if _copies(operator):
            return any(self._reaches(t, flags, allowed) for t in operator.outputs)
        return True


def _multiple(operator: Operator[Attributes]) -> bool:
    """Whether an operator's result is a multiple of its first input, or made of parts of it."""
    attributes = operator.attributes
    return (
        isinstance(attributes, Index)
        or _copies(operator)
        or (isinstance(attributes, Elementwise) and attributes.multiplies)
    )


def _copies(operator: Operator[Attributes]) -> bool:
    return isinstance(operator.attributes, Elementwise) and operator.attributes.does == "copy"


def _counts(flow: FlowState, scaled: Scaled) -> tuple[IntArray | None, SizeOrigin]:
    """The labels that a factor's size counts, or None where it cannot change; the factor's origin from that alone."""
    if constant(flow, scaled.origin):
        return None, scaled.origin
    changing = set[SizeOrigin]()
    found = dict[bytes, IntArray]()
    for leaf in leaves(scaled.origin):
        labels = flow.attributes.get(leaf, [None])[0] if isinstance(leaf, Attribute) else counted(flow, leaf)
        if labels is not None and not isinstance(leaf, Literal):
            changing.add(leaf)
            found.setdefault(flow.labels.classes()[labels].tobytes(), labels)
    if len(found) > 1:
        for labels in found.values():
            flow.labels.freeze(labels, "several sizes together enter the values")
        return None, scaled.origin
    return next(iter(found.values()), None), _of(scaled.origin, changing)


def _of(origin: SizeOrigin, changing: Set[SizeOrigin]) -> SizeOrigin:
    """A number as it is computed from sizes that change, all others taken as they are."""
    if isinstance(origin, Combined):
        return replace(origin, left=_of(origin.left, changing), right=_of(origin.right, changing))
    return origin if origin in changing else Literal(origin.value)
