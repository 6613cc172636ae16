"""Which weights learn how: by patterns of their names, as a yml lists them. No framework."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat

from prunekit.plugins.trainers.errors import TrainingError
from prunekit.registry import nearest_or_all


class WeightGroup(BaseModel):
    """Weights that learn in a way of their own.

    Attributes:
        match: Pattern of their names, ``backbone.*``; of several groups that match, the first one counts.
        lr_mult: Factor of the learning rate.
        decay_mult: Factor of the weight decay.
        frozen: Leave them as they are; normalizations of which nothing learns keep their statistics too.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    match: Annotated[str, Field(min_length=1)]
    lr_mult: NonNegativeFloat = 1.0
    decay_mult: NonNegativeFloat = 1.0
    frozen: bool = False


@dataclass(frozen=True)
class Learns:
    """How a weight learns: factors of learning rate and weight decay."""

    lr_mult: float = 1.0
    decay_mult: float = 1.0
    frozen: bool = False


def how_each_learns(
    weights: Mapping[str, int], groups: Sequence[WeightGroup], decay_norms_and_biases: bool
) -> dict[str, Learns]:
    """How each weight learns.

    Args:
        weights: Their names with the number of their axes; norms and biases have one.
        groups: As a yml lists them.
        decay_norms_and_biases: Whether these decay like others.

    Raises:
        TrainingError: A pattern matches no weight.
    """
    for number, group in enumerate(groups):
        if not any(fnmatchcase(name, group.match) for name in weights):
            raise TrainingError(
                f"param_groups.{number}: no weight's name matches {group.match!r}{nearest_or_all(group.match, weights)}"
            )
    return {name: _learns(name, axes, groups, decay_norms_and_biases) for name, axes in weights.items()}


def _learns(name: str, axes: int, groups: Sequence[WeightGroup], decay_norms_and_biases: bool) -> Learns:
    group = next((each for each in groups if fnmatchcase(name, each.match)), WeightGroup(match="*"))
    decays = decay_norms_and_biases or axes > 1
    return Learns(group.lr_mult, group.decay_mult if decays else 0.0, group.frozen)
