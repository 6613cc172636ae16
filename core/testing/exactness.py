"""``assert_exact``: a pruned network computes what the whole one does where the removed has no effect."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prunekit.core.api import backend_for
from prunekit.core.backend import Backend, Network
from prunekit.core.cost import price
from prunekit.core.data.contract import Inputs
from prunekit.core.data.difference import relative_difference
from prunekit.core.graph.structure import ChannelStructure
from prunekit.core.parsing.parse import parse
from prunekit.core.parsing.proof_network import output, proof_subject
from prunekit.core.pruning.plan import PrunePlan
from prunekit.core.pruning.reference import Reference
from prunekit.core.testing.array_variants import named, varied

Named = list[tuple[str, NDArray[Any]]]


@dataclass(frozen=True)
class Exactness:
    """What ``assert_exact`` measured.

    Attributes:
        error: Largest difference of any output, relative to the largest value of that output.
        effect: How much the removal changed the outputs, measured in the same way. Where it is zero, nothing was
            tested.
        groups: Number of groups that lost units.
        macs: Share of the multiply-accumulates that is left.
    """

    error: float
    effect: float
    groups: int
    macs: float


def assert_exact(
    network: Network,
    example_inputs: Inputs,
    *,
    keep: float = 0.5,
    graph: ChannelStructure | None = None,
    plan: PrunePlan | None = None,
    seed: int = 0,
    tolerance: float | None = None,
    ignore: Iterable[str] = (),
) -> Exactness:
    """Prune a network and hold it against the whole one, in which what goes has no effect, value by value.

    Give it a network in float64: rounding is then far below any mistake. Weights and statistics that are constant,
    as most initialisations leave them, hide mistakes; a copy of the network gets random ones first. Random numbers that
    the network draws, and what it decides by values (which boxes it keeps), are the same in both.

    Args:
        network: A network of any framework that a registered backend handles; it is left as it was.
        example_inputs: What it is called with, as for ``prunekit.trace``.
        keep: Share of every group's units that stay; which ones is drawn at random. Of no use beside ``plan``.
        graph: What can go, as ``prunekit.trace`` finds it. By default the structure alone decides, without the proof
            that protects whatever turns out wrong: what the structure has wrong fails here.
        plan: What stays.
        seed: Of everything that is drawn.
        tolerance: Largest difference allowed, relative to the largest value of an output; by default 1e-9 for
            networks in float64, and for others what rounding does to the network's own outputs, several times.
        ignore: Modules whose outputs are kept; of no use beside ``graph``.

    Raises:
        AssertionError: The pruned network computes something else; the message names the first output that differs.
    """
    backend = backend_for(network)
    lively = backend.with_state(network, varied(backend.state_arrays(network), seed))
    if graph is None:
        graph = parse(backend, lively, example_inputs, ignore, proof=False)
    if plan is None:
        rng = np.random.default_rng(seed)
        plan = PrunePlan.uniform(graph, keep, {group.id: rng.random(group.size) for group in graph.groups})
    asked = graph.operators.asked
    whole, small = _run(backend, lively, example_inputs, asked), backend.prune(lively, graph, plan)
    _same_structure(_run(backend, small, example_inputs, asked), whole)
    subject = proof_subject(backend, lively, graph, example_inputs)
    reference = Reference(graph, plan, subject.precise)
    wanted = list(named(backend.run_masked(lively, graph, plan, example_inputs, reference), asked=asked))
    got = list(named(backend.run_compared(small, example_inputs, reference), asked=asked))
    for number, ((name, a), (_, b)) in enumerate(zip(got, wanted, strict=True)):
        limit = subject.limit(output(number)) if tolerance is None else tolerance
        if not (error := relative_difference(a, b)) <= limit:
            raise AssertionError(f"{name} differs by {error:.2g} of its largest value; {limit:.2g} is allowed")
    return Exactness(
        error=_largest(got, wanted),
        effect=_largest(got, whole),
        groups=sum(len(plan.keep[group.id]) < group.size for group in graph.groups),
        macs=price(graph, plan).macs / max(price(graph).macs, 1),
    )


def _run(backend: Backend, network: Network, inputs: Inputs, asked: Collection[str]) -> Named:
    ((outputs, _),) = backend.run(network, [(inputs, 0)])
    return list(named(outputs, asked=asked))


def _same_structure(got: Named, wanted: Named) -> None:
    for (name, a), (other, b) in zip(got, wanted, strict=False):
        if name != other:
            raise AssertionError(f"{name} stands where the whole network returns {other}")
        if (a.shape, a.dtype) != (b.shape, b.dtype):
            raise AssertionError(f"{name} is {a.dtype} {a.shape}, of the whole network {b.dtype} {b.shape}")
    if len(got) != len(wanted):
        raise AssertionError(f"{len(got)} outputs, of the whole network {len(wanted)}")


def _largest(one: Named, other: Named) -> float:
    return max((relative_difference(a, b) for (_, a), (_, b) in zip(one, other, strict=True)), default=0.0)
