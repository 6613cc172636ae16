"""The proof: tries what the structure says on the network itself, and protects what turns out wrong."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from prunekit.core.backend import Backend, Network
from prunekit.core.data.contract import Inputs
from prunekit.core.graph import ChannelStructure, Group, channel_structure
from prunekit.core.parsing.proof_network import ProofNetwork, attempts, differences, prepared
from prunekit.core.parsing.verify import INCONCLUSIVE, VERIFIED, Unfit, Verification

NAMED = 3
"""How many groups a note names."""


def proven(
    backend: Backend, network: Network, inputs: Inputs, found: ChannelStructure, seed: int = 0
) -> ChannelStructure:
    """The structure without what turned out wrong, with notes on what was proven."""
    unfit: BaseException | None = None
    for subject in attempts(backend, network, inputs):
        try:
            with prepared(backend, subject, found, seed):
                return _proven_on(backend, subject, found, seed)
        except Unfit as problem:
            unfit = problem.__cause__ or problem
    assert unfit is not None
    raise unfit


def _proven_on(backend: Backend, subject: ProofNetwork, found: ChannelStructure, seed: int) -> ChannelStructure:
    notes, told, frozen = list(found.notes), list[str](), list(found.frozen)
    asked, held = False, list(found.held)
    while found.groups:
        verification = Verification(backend, subject, found, seed)
        culprits = verification.culprits()
        if culprits and not asked:  # is it the network that is not the same twice?
            asked = True
            if unsteady := _unsteady(backend, subject, found):
                told += unsteady
                continue
        if not culprits:
            found.proven = frozenset() if told else verification.proven()
            told += _told(verification, bool(told))
            break
        for group, problem in culprits:
            first = _first(found, group) if verification.only_one_was_left(group) else None
            if first is not None and group.id not in {mid for mid, _, _ in held}:
                held.append((group.id, first, f"stays, for with a single one the proof failed: {problem}"))
            else:
                frozen += [(mid, f"the proof failed: {problem}") for mid in group.mids]
        found = channel_structure(found.operators, found.ignore, frozen, found.whole_parts, held)
    found.notes = notes + told
    return found


def _first(found: ChannelStructure, group: Group) -> int | None:
    """The first output channel of a group's first layer that may go; None where they are not one axis of a weight."""
    layer = found.layers[group.id]
    units = [a.units for a in found.axes if (a.parameter, a.axis) == (layer.weight, layer.out_axis)]
    return int(np.flatnonzero(units[0] >= 0)[0]) if units else None


def _told(verification: Verification, unsteady: bool) -> list[str]:
    if not verification.conclusive:
        return [INCONCLUSIVE]
    if idle := verification.without_effect():
        return [f"not proven: nothing shows whether {_names(idle)} go rightly: what was removed of them has no effect"]
    return [] if unsteady else [VERIFIED]


def _unsteady(backend: Backend, subject: ProofNetwork, graph: ChannelStructure) -> list[str]:
    """What to say of a network that is not the same twice; its unsteady places are no measure from now on."""
    found = differences(backend, subject, graph)
    subject.unsteady = {place: None for place, error in found.items() if not error <= subject.limit(place)}
    if not subject.unsteady:
        return []
    module, operator, _ = next(iter(subject.unsteady))
    where = "at the end" if operator == "output" else f"first at {operator} in {module or 'the network'}"
    return [f"not proven from there on: its own output differs from run to run, {where}"]


def _names(groups: Sequence[Group]) -> str:
    named = ", ".join(f"mid {group.id} ({group.name})" for group in groups[:NAMED])
    return named + (f" and {len(groups) - NAMED} more" if len(groups) > NAMED else "")
