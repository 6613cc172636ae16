"""``search_algorithm``: the parameters that every search algorithm shares."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    field_validator,
    model_validator,
)

from prunekit.core.search.budget import Constraint, parse_budget


def _ordered(bound: tuple[float, float]) -> tuple[float, float]:
    if bound[0] > bound[1]:
        raise ValueError(f"the lower bound {bound[0]:g} is above the upper bound {bound[1]:g}")
    return bound


PARALLEL_LAG = 16
"""The lag of ``parallel_search: True``, whatever the number of workers: a search is the same on every machine."""

Share = Annotated[float, Field(ge=0, le=1)]
Bound = Annotated[tuple[Share, Share], AfterValidator(_ordered)]


class Block(BaseModel):
    """A block of the yml: unknown keys are refused and ``~`` means the default."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _tilde_is_default(cls, data: Any) -> Any:
        return {key: value for key, value in data.items() if value is not None} if isinstance(data, Mapping) else data


class NetworkParser(Block):
    """``networkparser``: what the operators that a network runs do not say.

    Attributes:
        replace_bn_list: Names of classes whose modules are taken as a whole, for normalizations.
        replace_conv_list: The same for convolutions.
        whole_parts: Patterns of modules whose code splits channels into parts: there whole parts go (attention heads,
            groups), not positions within every part (the width of the heads).
        outputs: Which outputs matter, where not all do: positions, keys, and paths of them (``aux.0``).
    """

    replace_bn_list: list[str] = []
    replace_conv_list: list[str] = []
    whole_parts: list[str] = []
    outputs: list[str | NonNegativeInt] = []

    @field_validator("replace_bn_list", "replace_conv_list")
    @classmethod
    def _class_names(cls, names: list[str]) -> list[str]:
        for name in names:
            if not name.isidentifier():
                raise ValueError(f"{name!r} is no name of a class; write the last part of it, such as {_last(name)!r}")
        return names

    @model_validator(mode="after")
    def _one_kind_each(self) -> NetworkParser:
        if both := set(self.replace_bn_list) & set(self.replace_conv_list):
            raise ValueError(f"{', '.join(sorted(both))}: in replace_bn_list and in replace_conv_list")
        return self

    @property
    def leaf_modules(self) -> dict[str, str]:
        """For each class named ``convolution`` or ``normalization``, as ``parse`` takes it."""
        kinds = {"convolution": self.replace_conv_list, "normalization": self.replace_bn_list}
        return {name: kind for kind, names in kinds.items() for name in names}


def _last(name: str) -> str:
    found = re.findall(r"[^\W\d]\w*", name)
    return found[-1] if found else "FrozenBatchNorm2d"


class SearchSettings(Block):
    """What ``search_algorithm`` holds beside ``type`` and the algorithm's own parameters.

    Attributes:
        train_episode: Number of trials.
        keep_pareto_top_k: How many of the best trials the search hands on.
        lbound_preserve_ratio: Trials that keep a smaller share of the reward's first priced cost are not evaluated; of
            the MACs where the reward looks at measured costs alone, which are not known before the network is built.
        budget: Conditions that every trial meets, ``"flops <= 0.5 and params <= 0.6"``: shares of the original.
        channel_round: Kept channels are a multiple of this.
        lbound: Least preserve ratio of a group.
        rbound: Greatest preserve ratio of a group.
        specific_bound: Bounds for the group of a mid; equal bounds fix it.
        user_skip_module_id: Mids whose groups are not pruned.
        networkparser: See `NetworkParser`.
        plot_train_curve: Draw the learning curve.
        plot_graph_save_folder: Where the network's graph is drawn.
        seed: Two searches with the same seed ask the same trials.
        lag: Trial i is asked when exactly the results of trials 0 to i - lag are known, whoever evaluates them and how
            fast: so many candidates can be evaluated side by side (one and a half times to twice as many as there are
            workers keep these busy), and the search's result depends on neither. 1 learns from every result before the
            next trial; 16 where ``general.parallel_search`` is True and the yml says none. The policy learns a little
            less from a larger lag: up to 16 no difference was measured, 32 cost 0.02 of the reward. Warm-up trials and
            algorithms that do not learn wait for no result. It cannot change once a search has begun.
    """

    train_episode: int = Field(default=800, gt=0)
    keep_pareto_top_k: int = Field(default=1, gt=0)
    lbound_preserve_ratio: Share = 0.0
    budget: str | None = None
    channel_round: int = Field(default=8, gt=0)
    lbound: Share = 0.2
    rbound: Share = 1.0
    specific_bound: dict[int, Bound] = {}
    user_skip_module_id: list[int] = []
    networkparser: NetworkParser = NetworkParser()
    plot_train_curve: bool = False
    plot_graph_save_folder: str | None = None
    seed: int = Field(default=0, ge=0)
    lag: int = Field(default=1, ge=1, le=1024)

    def for_parallel_search(self) -> SearchSettings:
        """These settings with the lag of a parallel search, where none was given."""
        return self if "lag" in self.model_fields_set else self.model_copy(update={"lag": PARALLEL_LAG})

    @cached_property
    def constraints(self) -> tuple[Constraint, ...]:
        """The budget, parsed; empty without one."""
        return parse_budget(self.budget) if self.budget is not None else ()

    @field_validator("budget", mode="before")
    @classmethod
    def _named_budget(cls, value: Any) -> Any:
        if isinstance(value, (int, float)):
            raise ValueError(f"{value} of what? Write 'flops <= {value}'")
        return value

    @field_validator("budget")
    @classmethod
    def _readable_budget(cls, text: str) -> str:
        parse_budget(text)
        return text

    @model_validator(mode="after")
    def _ordered_bounds(self) -> SearchSettings:
        if self.lbound > self.rbound:
            raise ValueError(f"lbound {self.lbound:g} is above rbound {self.rbound:g}")
        return self
