"""What ``record`` writes down, and what must be found from it."""

from __future__ import annotations

import numpy as np

from prunekit.core.cost import price
from prunekit.core.data.difference import relative_difference
from prunekit.core.graph import Operator, channel_structure
from prunekit.core.graph.attributes import Attributes
from prunekit.core.graph.kinds import Kind
from prunekit.core.parsing.parse import parse
from prunekit.core.parsing.verify import VERIFIED
from prunekit.core.testing.conformance.structures import STRUCTURES
from prunekit.core.testing.conformance.subject import Subject, promise

_FREE = {Kind.ELEMENTWISE, Kind.RESHAPE, Kind.PERMUTE, Kind.EXPAND, Kind.CREATE}
"""Kinds that frameworks use in different ways for the same."""

_LAYERS = (Kind.CONVOLUTION, Kind.LINEAR)


def record_follows_every_tensor(subject: Subject) -> None:
    """``record``: inputs, outputs and parameters have their shapes and names; no operand comes from nowhere."""
    for structure in STRUCTURES:
        network, inputs = subject.network(structure), subject.inputs(structure)
        graph, state = subject.backend.record(network, inputs), subject.state(network)
        tensors = graph.tensors
        promise([t.id for t in tensors] == [*range(len(tensors))], f"{structure}: tensors[i].id is not i")
        read = [tensors[t].shape for t in graph.inputs]
        promise(read == [inputs.shape], f"{structure}: inputs of {read} instead of {[inputs.shape]}")
        returned, wanted = (
            [tensors[t].shape for t in graph.outputs],
            [a.shape for a in subject.outputs(network, inputs)],
        )
        promise(returned == wanted, f"{structure}: outputs of {returned} instead of {wanted}")
        for tensor in tensors:
            shape = tensor.shape if tensor.name is None else state[tensor.name].shape
            promise(tensor.shape == shape, f"{structure}: {tensor.name} has shape {tensor.shape} instead of {shape}")
        unread = graph.parameter_shapes.keys() - {t.name for t in tensors}
        promise(not unread, f"{structure}: no operator reads {', '.join(sorted(unread))}")
        made = {*graph.inputs, *(t.id for t in tensors if t.name is not None or t.constant)}
        for operator in graph.operators:
            lost = [t for t in operator.inputs if t not in made]
            promise(not lost, f"{structure}: {_told(operator)} reads a tensor that nothing before it made")
            made.update(operator.outputs)
        promise(made.issuperset(graph.outputs), f"{structure}: it returns a tensor that nothing made")


def record_knows_the_kinds(subject: Subject) -> None:
    """``record``: the operators of each structure, in order, whatever else a framework puts between them."""
    for structure, wanted in STRUCTURES.items():
        graph = subject.backend.record(subject.network(structure), subject.inputs(structure))
        kinds = [operator.kind for operator in graph.operators if operator.kind not in _FREE]
        found, told = ([kind.value for kind in list_] for list_ in (kinds, wanted.kinds))
        promise(found == told, f"{structure}: operators {found} instead of {told}")


def record_names_modules_and_calls(subject: Subject) -> None:
    """``record``: each operator's module is the one whose forward ran it, and ``call`` counts calls of its name."""
    for structure in STRUCTURES:
        network = subject.network(structure)
        graph = subject.graph(network, structure)
        layers = [operator for operator in graph.operators.operators if operator.kind in _LAYERS]
        found, wanted = [operator.module for operator in layers], [layer.name for layer in graph.layers]
        promise(len(set(found)) == len(layers), f"{structure}: {len(layers)} modules run layers, but named are {found}")
        first = [name for name in found if name in wanted]  # of two that share a weight it goes by the first one's name
        promise(first == wanted, f"{structure}: layers run in the modules {found} instead of {wanted}")
        calls: dict[str, list[int]] = {}
        for operator in layers:
            calls.setdefault(operator.name, []).append(operator.call)
        for name, numbers in calls.items():
            expected = [*range(len(numbers))]
            promise(numbers == expected, f"{structure}: calls of {name} are numbered {numbers}, not {expected}")


def record_weighs_parameters(subject: Subject) -> None:
    """``record``: L1 norms of the slices of weights, and which parameters are nearly zero throughout."""
    for structure in STRUCTURES:
        network = subject.network(structure)
        graph, state = subject.graph(network, structure), subject.state(network)
        for layer in graph.layers:
            norms = graph.operators.magnitudes.get(layer.weight, {})
            promise(layer.out_axis in norms, f"{structure}: no magnitudes of {layer.weight} along its outputs")
            for axis, found in norms.items():
                size = np.abs(state[layer.weight])
                wanted = size.sum(axis=tuple(k for k in range(size.ndim) if k != axis))
                close = relative_difference(np.asarray(found, dtype=np.float64), wanted) <= subject.tolerance
                promise(close, f"{structure}: magnitudes of {layer.weight} along axis {axis} are not its L1 norms")
        promise(not graph.operators.near_zero, f"{structure}: {graph.operators.near_zero} count as nearly zero")
        weight = graph.layers[0].weight
        idle = subject.backend.with_state(network, {weight: np.zeros_like(state[weight])})
        near_zero = subject.graph(idle, structure).operators.near_zero
        promise(near_zero == [weight], f"{structure}: {weight} is zero, but nearly zero are {near_zero or 'none'}")


def record_repeats_itself(subject: Subject) -> None:
    """``record``: the same again from the same network, in evaluation mode, leaving no trace in the network."""
    for structure in STRUCTURES:
        network, inputs = subject.network(structure), subject.inputs(structure)
        before = subject.backend.record(network, inputs)
        subject.train(network)
        with subject.left_alone(network, f"{structure}: record"):
            again = subject.backend.record(network, inputs)
        for what in ("tensors", "operators", "inputs", "outputs", "parameter_shapes", "near_zero", "notes"):
            kept = getattr(again, what) == getattr(before, what)
            promise(kept, f"{structure}: recorded again, with the network in training mode, {what} are others")


def leaf_modules_are_one_operator(subject: Subject) -> None:
    """``record`` with ``leaf_modules``: a module of that class is one operator, without a call number of its own."""
    for structure in STRUCTURES:
        network, leaf_modules = subject.network(structure), {subject.convolution: "convolution"}
        operators = subject.backend.record(network, subject.inputs(structure), leaf_modules)
        whole = [operator.kind for operator in operators.operators if operator.call < 0]
        wanted = [kind for kind in STRUCTURES[structure].kinds if kind is Kind.CONVOLUTION]
        promise(whole == wanted, f"{structure}: {len(whole)} operators for {len(wanted)} modules {subject.convolution}")
        found = channel_structure(operators).signature
        promise(found == subject.graph(network, structure).signature, f"{structure}: with modules whole, other groups")


def graphs_are_golden(subject: Subject) -> None:
    """The channel graph of each structure: its layers, groups and cost, and so the signature that plans go by."""
    for structure, wanted in STRUCTURES.items():
        graph = subject.graph(subject.network(structure), structure)
        promise(graph.described == wanted.layers, f"{structure}: layers {graph.described} instead of {wanted.layers}")
        groups = tuple((g.id, g.mids, g.size, g.fixed, g.per_unit) for g in graph.groups)
        promise(groups == wanted.groups, f"{structure}: groups {groups} instead of {wanted.groups}")
        cost, macs = price(graph), 2 * wanted.macs  # of two samples
        promise(cost.macs == macs, f"{structure}: {cost.macs} multiply-accumulates instead of {macs}")
        promise(cost.params == wanted.params, f"{structure}: {cost.params} parameters instead of {wanted.params}")


def parsing_proves_every_structure(subject: Subject) -> None:
    """All verbs of the proof together: nothing turns out wrong, and the network is left as it was."""
    for structure in STRUCTURES:
        network, inputs = subject.network(structure), subject.inputs(structure)
        with subject.left_alone(network, f"{structure}: parsing"):
            graph = parse(subject.backend, network, inputs)
        wrong = [f"mid {mid}: {reason}" for mid, reason in graph.frozen]
        promise(not wrong, f"{structure}: {'; '.join(wrong)}")
        promise(graph.notes == [VERIFIED], f"{structure}: the notes are {graph.notes} instead of {[VERIFIED]}")


def _told(operator: Operator[Attributes]) -> str:
    return f"{operator.name} in {operator.module or 'the network'}"
