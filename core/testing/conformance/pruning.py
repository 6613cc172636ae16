"""What goes is really gone, and what stays computes what it did."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from prunekit.core.backend import Network, outputs_as_arrays
from prunekit.core.cost import price
from prunekit.core.data.difference import relative_difference
from prunekit.core.graph import ChannelStructure
from prunekit.core.graph.kinds import Kind
from prunekit.core.pruning.plan import PlanError, PrunePlan
from prunekit.core.pruning.reference import Reference
from prunekit.core.testing.conformance.structures import STRUCTURES
from prunekit.core.testing.conformance.subject import Subject, promise, same
from prunekit.core.testing.plans import random_plan

Case = tuple[str, Network, ChannelStructure, PrunePlan]


def pruned_equals_masked(subject: Subject) -> None:
    """``prune`` and ``masked``: without the channels it computes what it does where they have no effect."""
    for structure, network, graph, plan in _cases(subject):
        inputs = subject.inputs(structure)
        (got,) = subject.outputs(subject.backend.prune(network, graph, plan), inputs)
        with subject.left_alone(network, f"{structure}: masked"):
            (wanted,) = outputs_as_arrays(subject.backend.run_masked(network, graph, plan, inputs))
        (whole,) = subject.outputs(network, inputs)
        promise(got.dtype == whole.dtype, f"{structure}: pruned, it returns {got.dtype} instead of {whole.dtype}")
        error, counts = relative_difference(got, wanted), plan.counts(graph)
        promise(error <= subject.tolerance, f"{structure}: with {counts} units kept, outputs differ by {error:.2g}")
        everything = all(len(plan.keep[group.id]) == group.size for group in graph.groups)
        effect = relative_difference(got, whole)
        promise(everything or effect > subject.tolerance, f"{structure}: without channels, the outputs are the same")


def operators_are_compared(subject: Subject) -> None:
    """``run_masked`` and ``run_compared``: operator by operator, so that a mistake shows where it is made."""
    for structure, network, graph, plan in _cases(subject):
        lost = [group for group in graph.groups if len(plan.keep[group.id]) < group.size]
        if not lost:
            continue
        inputs, reference = subject.inputs(structure), Reference(graph, plan)
        subject.backend.run_masked(network, graph, plan, inputs, reference)
        promise(reference.complete, f"{structure}: masked did not come by all operators that read channels")
        small = subject.backend.prune(network, graph, plan)
        with subject.left_alone(small, f"{structure}: compared"):
            subject.backend.run_compared(small, inputs, reference)
        found, weight = reference.differences, graph.layers[lost[0].id].weight
        promise(bool(found), f"{structure}: no operator of the pruned network was compared")
        for (module, operator, _), error in found.items():
            promise(error <= subject.tolerance, f"{structure}: {operator} in {module} differs by {error:.2g}")
        seen = {group.id for group in lost} <= set(reference.effects)
        seen = seen and any(effect > 0 for effect, _ in reference.effects.values())  # of some what goes is zero
        promise(seen, f"{structure}: nothing is said of the effect of what goes")
        changed = {weight: 1 + 2 * subject.state(small)[weight]}
        again = Reference(graph, plan)
        subject.backend.run_masked(network, graph, plan, inputs, again)
        with subject.backend.temporary_parameters(small, changed):
            subject.backend.run_compared(small, inputs, again)
        seen = any(error > subject.tolerance for error in again.differences.values())
        promise(seen, f"{structure}: with another {weight}, no operator of the pruned network differs")


def pruning_takes_what_the_plan_says(subject: Subject) -> None:
    """``prune``: arrays hold the slices that stay and no others; modules' own sizes and the cost follow."""
    for structure, network, graph, plan in _cases(subject):
        keep, wanted = plan.flags(graph), subject.state(network)
        for (name, axis), positions in graph.kept(keep).items():
            wanted[name] = wanted[name].take(positions, axis)
        small = subject.backend.prune(network, graph, plan)
        same(subject.state(small), wanted, f"{structure}: pruned to {plan.counts(graph)} units")
        found, cost = subject.graph(small, structure), price(graph, plan)
        promise(price(found) == cost, f"{structure}: pruned, it costs {price(found)} instead of {cost}")
        for layer in found.layers if subject.channels else ():
            held, seen = subject.channels(small, layer.name), (layer.in_channels, layer.out_channels)  # type: ignore[misc]
            promise(held == seen, f"{structure}: {layer.name} says that its channels are {held}, but they are {seen}")


def pruning_leaves_the_original(subject: Subject) -> None:
    """``prune``: the first network stays as it was and shares nothing with the smaller one."""
    for structure, network, graph, plan in _cases(subject):
        subject.train(network)
        with subject.left_alone(network, f"{structure}: prune"):
            small = subject.backend.prune(network, graph, plan)
        shapes = subject.backend.record(small, subject.inputs(structure)).parameter_shapes
        zeros = {name: np.zeros(shape, subject.dtype) for name, shape in shapes.items()}
        before = subject.state(network)
        with subject.backend.temporary_parameters(small, zeros):
            same(subject.state(network), before, f"{structure}: the pruned network shares values with the first")


def shared_parameters_stay_shared(subject: Subject) -> None:
    """``prune``, ``with_state``: two modules that hold one parameter do so afterwards."""
    network = subject.network("shared")
    graph = subject.graph(network, "shared")
    small = subject.backend.prune(network, graph, random_plan(graph, np.random.default_rng(0)))
    copied = subject.backend.with_state(network, {})
    for made, what in ((network, "built"), (copied, "copied"), (small, "pruned")):
        operators = subject.backend.record(made, subject.inputs("shared")).operators
        weights = [operator.inputs[1] for operator in operators if operator.kind is Kind.CONVOLUTION]
        promise(weights[1] == weights[2], f"{what}, the two modules have a weight each")


def plans_of_other_networks_are_refused(subject: Subject) -> None:
    """``prune``: a plan for another graph, or a graph of another network, is a ``PlanError`` and changes nothing."""
    cases = {structure: (network, graph, plan) for structure, network, graph, plan in _cases(subject)}
    for structure, (network, graph, _) in cases.items():
        shapes = subject.backend.weight_shapes(network)
        for other, (_, wrong, foreign) in cases.items():
            if wrong.signature == graph.signature:
                continue
            refused = _refuses(subject, network, graph, foreign)
            promise(refused, f"{structure}: prune accepts a plan for the structure {other}")
            if any(shapes.get(name) != shape for name, shape in wrong.operators.parameter_shapes.items()):
                refused = _refuses(subject, network, wrong, foreign)
                promise(refused, f"{structure}: prune accepts the graph of the structure {other}")


def _refuses(subject: Subject, network: Network, graph: ChannelStructure, plan: PrunePlan) -> bool:
    with subject.left_alone(network, "prune, with what is for another network,"):
        try:
            subject.backend.prune(network, graph, plan)
        except PlanError:
            return True
    return False


def _cases(subject: Subject) -> Iterator[Case]:
    """Each structure with plans that keep any number of any units."""
    for structure in STRUCTURES:
        for seed in range(3):
            network = subject.network(structure, seed)
            graph = subject.graph(network, structure)
            yield structure, network, graph, random_plan(graph, np.random.default_rng(seed))
