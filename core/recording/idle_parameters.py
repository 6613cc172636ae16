"""Parameters that have no effect on what a network returns, as those of a head that evaluation computes and drops."""

from __future__ import annotations

from collections.abc import Collection

from prunekit.core.graph.operators import OperatorGraph


def idle_parameters(graph: OperatorGraph) -> list[str]:
    """Parameters that no operator reads, or only operators from which no way leads to an output."""
    needed = {*graph.outputs, *(number for k in _with_effect(graph) for number in graph.operators[k].inputs)}
    used = {graph.tensors[number].name for number in needed}
    return [name for name in graph.parameter_shapes if name not in used]


def dropped(graph: OperatorGraph, idle: Collection[str]) -> list[int]:
    """What was computed with idle parameters and then used by nothing that was recorded."""
    names, effective = set(idle), _with_effect(graph)
    used = {number for operator in graph.operators for number in operator.inputs}
    computed = {tensor.id for tensor in graph.tensors if tensor.name in names}
    found = list[int]()
    for position, operator in enumerate(graph.operators):
        if position not in effective and not computed.isdisjoint(operator.inputs):
            computed.update(operator.outputs)
            if used.isdisjoint(operator.outputs):
                found += operator.outputs
    return found


def _with_effect(graph: OperatorGraph) -> set[int]:
    """Positions of the operators from which a way leads to an output."""
    needed, found = set(graph.outputs), set[int]()
    for position in range(len(graph.operators) - 1, -1, -1):
        operator = graph.operators[position]
        if not needed.isdisjoint(operator.outputs):
            needed.update(operator.inputs)
            found.add(position)
    return found
