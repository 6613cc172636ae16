"""A reward with parameters of its own, which looks at a priced and at a measured cost."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import NonNegativeFloat

from prunekit import Register, RegisterType
from prunekit.core.search import Reading


@Register.register(RegisterType.REWARD, name="frugal")
class Frugal:
    """``-err * (1 + time * cpu_time + traffic * traffic)``, of the costs as shares of the original's.

    Of two networks with equal errors the cheaper one is worth more; errors are paid for with every cost.

    Args:
        time: How much processor time weighs.
        traffic: How much memory traffic weighs.
    """

    costs = ("traffic", "cpu_time")  # the first priced one is what an agent sees before a network is built

    def __init__(self, *, time: NonNegativeFloat = 1.0, traffic: NonNegativeFloat = 1.0) -> None:
        self._weights = {"cpu_time": time, "traffic": traffic}

    def __call__(self, err: float, costs: Mapping[str, Reading]) -> float:
        return -err * (1 + sum(weight * costs[name].share for name, weight in self._weights.items()))
