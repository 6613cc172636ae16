"""The protocol of rewards: what a network is worth, from its error and its costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from prunekit.core.cost.estimators import DEFAULT_COST, cost_class, is_priced
from prunekit.registry import Register, RegisterType, RegistryError

DEFAULT_REWARD = "acc_flops"  # of a yml that names none


@dataclass(frozen=True)
class Reading:
    """One cost of a trial's network, as a reward sees it.

    Attributes:
        share: Kept / all of the cost; of a measured one its value as a share of the original's.
        amount: The value in the estimator's unit (ms); None of a priced cost, which is known as a share.
        error: Twice the standard error of the share; 0 of a priced cost.
    """

    share: float
    amount: float | None = None
    error: float = 0.0


@dataclass(frozen=True)
class Target:
    """A value of a measured cost that a reward aims at.

    Attributes:
        cost: The cost's name.
        value: In the estimator's unit.
        two_sided: Whether less is as wrong as more; else less is no fault.
        parameter: The constructor's parameter that says it, for messages.
    """

    cost: str
    value: float
    two_sided: bool = False
    parameter: str = "target"

    def met(self, reading: Reading) -> bool:
        """Whether a network's cost is not above the value, as far as the measurement can tell."""
        if self.two_sided or reading.amount is None:
            return True
        return reading.amount * (1 - reading.error / reading.share) <= self.value


class Reward(Protocol):
    """What a network is worth to the search; register it as ``RegisterType.REWARD``.

    Its constructor's parameters can be given in the yml: ``reward: {type: my_reward, strength: 2}``.

    Attributes:
        costs: Names of the cost estimators that it looks at, priced or measured. The first priced one is what an agent
            sees of a network before it is built, and what ``lbound_preserve_ratio`` looks at; without one the MACs are.

    It may also have ``target``, a `Target` or None: then networks that meet it go before those that do not, and a value
    out of reach is refused before the first trial.
    """

    costs: ClassVar[tuple[str, ...]]

    def __call__(self, err: float, costs: Mapping[str, Reading]) -> float:
        """The reward of a network; higher is better.

        Args:
            err: How wrong it is, from 0: see `Objective`.
            costs: A reading for each of ``costs``.
        """
        ...


def priced_costs(reward: Reward | type[Reward], backend: str | None = None) -> tuple[str, ...]:
    """The costs of a reward that are priced; the MACs where it has none."""
    found = []
    for name in reward.costs:
        try:
            found += [name] if is_priced(cost_class(name, backend)) else []
        except RegistryError:  # it is measured with another backend
            continue
    return tuple(found) or (DEFAULT_COST,)


def reward_class(name: str) -> type[Any]:
    """The registered reward of a name."""
    return Register.get(RegisterType.REWARD, name)
