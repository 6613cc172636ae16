"""The network as the proof tries it: in double precision where that runs, with weights that let every channel speak."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prunekit.core.backend import Backend, Network, outputs_as_arrays
from prunekit.core.data.contract import Inputs
from prunekit.core.data.difference import relative_difference
from prunekit.core.data.nested import map_leaves
from prunekit.core.graph import ChannelStructure
from prunekit.core.parsing.lively import idle_values, lively_values
from prunekit.core.pruning.call_places import Place
from prunekit.core.pruning.plan import PrunePlan
from prunekit.core.pruning.reference import Reference

PRECISE = 1e-9
"""Largest difference allowed in double precision, relative to the largest value."""

ROUNDINGS = 5
"""Elsewhere: how many times what one unit in the last place of every weight does to the same values."""

LEAST, SUMS = 4, 64 * 2.0**-23
"""And at least so many units in the last place, and what long sums in single precision lose."""

Values = Mapping[str, NDArray[Any]]


@dataclass
class ProofNetwork:
    """A network in the state in which it is tried.

    Attributes:
        network: The network.
        inputs: What it is called with.
        precise: Whether it computes in double precision throughout.
        lively: Whether its weights and statistics are ours.
        rounding: For each place what rounding does to the values there; of no use where it is precise.
        unsteady: Places where the network's own values are others each time.
    """

    network: Network
    inputs: Inputs
    precise: bool
    lively: bool = False
    rounding: dict[Place, float] = field(default_factory=dict)
    unsteady: dict[Place, None] = field(default_factory=dict)

    def limit(self, place: Place) -> float:
        """Largest difference allowed at a place, relative to the largest value there."""
        if self.precise:
            return PRECISE
        return self.rounding.get(place) or max(self.rounding.values(), default=1e-3)


def attempts(backend: Backend, network: Network, inputs: Inputs) -> Iterator[ProofNetwork]:
    """The networks to try, the most telling first.

    A network may refuse double precision, or values that are not its own; what is left at the end is itself.
    """
    if "float64" in backend.supports:
        precise, doubled = backend.to_float64(network), map_leaves(_as_float64, inputs)
        yield ProofNetwork(precise, doubled, precise=True, lively=True)
        yield ProofNetwork(precise, doubled, precise=True)
        del precise
    yield ProofNetwork(network, inputs, precise=False, lively=True)
    yield ProofNetwork(network, inputs, precise=False)


@contextmanager
def prepared(backend: Backend, subject: ProofNetwork, graph: ChannelStructure, seed: int) -> Iterator[None]:
    """Inside the block its weights and statistics are those for the proof."""
    values = (lively_values if subject.lively else idle_values)(graph.operators, seed)
    with backend.temporary_parameters(subject.network, values):
        if not subject.precise:
            subject.rounding = _rounding(backend, subject, graph)
        yield


def proof_subject(backend: Backend, network: Network, graph: ChannelStructure, inputs: Inputs) -> ProofNetwork:
    """A network as it is: precise where all of it is in double precision, else with its own rounding measured."""
    state = [a for a in backend.state_arrays(network).values() if np.issubdtype(a.dtype, np.floating)]
    subject = ProofNetwork(network, inputs, bool(state) and all(a.dtype == np.float64 for a in state))
    if not subject.precise:
        subject.rounding = _rounding(backend, subject, graph)
    return subject


def differences(
    backend: Backend, subject: ProofNetwork, graph: ChannelStructure, values: Values | None = None
) -> dict[Place, float]:
    """How far the whole network is from itself, run again (with other values), at operators and at the outputs.

    Without other values every operator is compared, and what an operator leaves unwritten does not hold the same by
    chance.
    """
    sizes = {group.id: group.size for group in graph.groups}
    plan = PrunePlan({gid: tuple(range(size)) for gid, size in sizes.items()}, sizes, graph.signature)
    reference = Reference(graph, plan, subject.precise, subject.lively, thorough=values is None)
    asked = graph.operators.asked
    wanted = outputs_as_arrays(backend.run_masked(subject.network, graph, plan, subject.inputs, reference), asked)
    with backend.temporary_parameters(subject.network, values or {}):
        got = outputs_as_arrays(backend.run_compared(subject.network, subject.inputs, reference), asked)
    pairs = enumerate(zip(got, wanted, strict=False))
    return {**reference.differences, **{output(k): relative_difference(a, b) for k, (a, b) in pairs}}


def output(number: int) -> Place:
    """The place of one of the network's outputs."""
    return "", "output", number


def _rounding(backend: Backend, subject: ProofNetwork, graph: ChannelStructure) -> dict[Place, float]:
    """What is allowed at each place: several times what one unit in the last place of every weight does."""
    state = backend.state_arrays(subject.network)
    weights = {n: state[n] for n in graph.operators.parameter_shapes if np.issubdtype(state[n].dtype, np.floating)}
    rng, nudged = np.random.default_rng(0), dict[str, NDArray[Any]]()
    for name, array in weights.items():
        sign = np.where(rng.random(array.shape) < 0.5, 1, -1)
        nudged[name] = (array * (1 + sign * epsilon(array))).astype(array.dtype)
    least = max(SUMS, LEAST * max(map(epsilon, weights.values()), default=0.0))
    found = differences(backend, subject, graph, nudged)
    return {place: max(ROUNDINGS * error, least) if np.isfinite(error) else least for place, error in found.items()}


def epsilon(array: NDArray[Any]) -> float:
    """One unit in the last place, relative; of bfloat16, which arrives as float32, its own."""
    if array.dtype == np.float32 and array.size and not (array.view(np.uint32) & 0xFFFF).any():
        return 2.0**-8
    return float(np.finfo(array.dtype).eps)


def _as_float64(leaf: Any) -> Any:
    """An input as float64 where it is a real number."""
    dtype = getattr(leaf, "dtype", None)
    if dtype is None or "float" not in str(dtype):
        return leaf
    double = getattr(leaf, "double", None)
    return double() if double is not None else np.asarray(leaf).astype(np.float64)
