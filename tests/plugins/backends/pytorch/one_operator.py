"""Networks of one operator each between two convolutions, and the oracles that they are held against."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from oracle import BACKEND, check, error, halves, zeroed
from torch import Tensor, nn

from prunekit import ChannelGraph, PrunePlan, prune, trace
from prunekit.core.testing import assert_exact, random_plan


@dataclass(frozen=True)
class One:
    """An operator, and what must be found around it.

    Attributes:
        between: What happens to the eight channels of the first convolution.
        width: How many the second one reads.
        free: How many of the eight may go.
        reason: Why the others stay.
        neutral: What the first convolution's bias must be where channels are gone, for these to leave no trace; None
            where only the backend's own masking knows.
        held: Further modules and tensors, as attributes of the network.
    """

    between: Callable[[Any, Tensor], Tensor]
    width: int = 8
    free: int = 8
    reason: str = ""
    neutral: float | None = 0.0
    held: Mapping[str, Any] | None = None


class Network(nn.Module):
    def __init__(self, one: One) -> None:
        super().__init__()
        self.a, self.b, self.head = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(one.width, 6, 1), nn.Linear(6, 3)
        for name, value in (one.held or {}).items():
            setattr(self, name, value() if callable(value) and not isinstance(value, nn.Module) else value)
        self.between = one.between

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.b(self.between(self, self.a(x))).mean((2, 3)))


def built(one: One) -> tuple[Network, Tensor]:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = Network(one).double().eval()
        return network, torch.randn(2, 3, 6, 6, dtype=torch.float64)


def held_against_oracles(one: One) -> None:
    """What may go is found, nothing had to be found out by the proof, and it goes exactly."""
    network, inputs = built(one)
    graph = trace(network, inputs)
    told = dict(graph.layers[0].protected)
    assert not graph.frozen, graph.frozen
    assert sum(told.values()) == 8 - one.free, told
    assert any(one.reason in reason for reason in told) or one.free == 8, told
    for plan in [*halves(graph, 1), random_plan(graph, np.random.default_rng(0))]:
        found = assert_exact(network, inputs, graph=graph, plan=plan)
        assert found.error < 1e-12 < 1e-6 < found.effect
        if one.neutral == 0.0:
            check(network, graph, plan, inputs)
        elif one.neutral is not None:
            assert error(prune(network, graph, plan), _without(network, graph, plan, one.neutral), inputs) < 1e-10


def _without(network: Network, graph: ChannelGraph, plan: PrunePlan, neutral: float) -> nn.Module:
    """The network in which the channels that are gone hold a number that leaves no trace."""
    state = zeroed(graph, plan, BACKEND.state_arrays(network))
    gone = np.setdiff1d(
        np.arange(8), np.flatnonzero(np.abs(state.get("a.weight", np.ones((8, 1)))).reshape(8, -1).sum(1))
    )
    state.setdefault("a.bias", BACKEND.state_arrays(network)["a.bias"].copy())[gone] = neutral
    return BACKEND.with_state(network, state)
