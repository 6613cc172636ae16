"""Networks of one operator each between two convolutions, and what must be found around it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from mindspore import nn, ops
from mindspore_cases import Case, conv2d

from prunekit import PrunePlan
from prunekit.core.testing import assert_exact, random_plan


@dataclass(frozen=True)
class One:
    """An operator, and what must be found around it.

    Attributes:
        between: What happens to the eight channels of the first convolution.
        width: How many the second one reads.
        free: How many of the eight may go.
        reason: Why the others stay.
        held: Makers of further cells and tensors, as attributes of the network.
        proven: Whether the proof is asked too; what it compares in float32 must not be decided by rounding.
    """

    between: Callable[[Any, Any], Any]
    width: int = 8
    free: int = 8
    reason: str = ""
    held: Mapping[str, Callable[[], Any]] | None = None
    proven: bool = True


def network(one: One) -> type[nn.Cell]:
    class Network(nn.Cell):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b, self.head = conv2d(3, 8), conv2d(one.width, 6, 1), nn.Dense(6, 3)
            for name, make in (one.held or {}).items():
                setattr(self, name, make())

        def construct(self, x):
            return self.head(ops.mean(self.b(one.between(self, self.a(x))), (2, 3)))

    return Network


def held_against_the_masked(one: One) -> None:
    """What may go is found, nothing had to be found out by the proof, and it goes exactly."""
    built, inputs, graph = Case(shape=(3, 6, 6), groups=[], network=network(one)).traced(proof=one.proven)
    told = dict(graph.layers[0].protected)
    assert not graph.frozen, graph.frozen
    assert sum(told.values()) == 8 - one.free, told
    assert any(one.reason in reason for reason in told) or one.free == 8, told
    for plan in [PrunePlan.uniform(graph, 0.5), random_plan(graph, np.random.default_rng(0))]:
        found = assert_exact(built, inputs, graph=graph, plan=plan, tolerance=1e-4)
        assert found.effect > 1e-3
