"""Reads what a search aims at: metric, reward and measured costs, under their own keys or those of the guide."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import BaseModel, ConfigDict

from prunekit.core.config.block_validation import shown
from prunekit.core.config.component_reader import ComponentReader, ComponentSpec
from prunekit.core.config.node import Key, Node
from prunekit.core.config.problems import Findings
from prunekit.core.cost.estimators import is_measured, is_priced, not_priced
from prunekit.core.search.budget import Constraint
from prunekit.core.search.reward import DEFAULT_REWARD
from prunekit.registry import Register, RegisterType, RegistryError

GUIDE = {
    ("reward_type",): "type",
    ("target_latency",): "target_latency",
    ("agent", "reward_scale"): "scale",
    ("agent", "reward_gamma"): "gamma",
}
"""The guide's keys within ``search_algorithm``, and what they are called in a ``reward`` block."""
SHORT_COSTS = ("latency",)
"""Costs whose settings may stand beside ``costs``, under the cost's own name."""


class ObjectiveOptions(BaseModel):
    """What ``search_algorithm`` says of the search's aim.

    Attributes:
        objective_keys: Name of a registered metric, which rewards look at; if not given the network's own or the
            dataset's own, else accuracy.
        reward: The reward and its parameters, ``{type: acc_flops, scale: 1, gamma: 1}``.
        reward_type: The reward's name, in place of ``reward.type``.
        target_latency: Milliseconds aimed at, in place of ``reward.target_latency``.
        costs: How costs are measured, by their names, ``{latency: {batch_size: 1, threads: 2}}``; in the search where
            the reward looks at them, and in the run's summary.
        latency: The same as ``costs.latency``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    objective_keys: str | list[str] | None = None
    reward: dict[str, Any] | None = None
    reward_type: str | None = None
    target_latency: float | None = None
    costs: dict[str, dict[str, Any]] | None = None
    latency: dict[str, Any] | None = None


@dataclass(frozen=True)
class ObjectiveConfig:
    """What a search aims at.

    Attributes:
        metric: Name of a registered metric; None leaves it to the network or the dataset.
        reward: The reward.
        costs: How costs are measured, by name; those that the reward looks at are among them.
        metric_where: ``file.yml:12: nas.search_algorithm.objective_keys``; not part of equality.
    """

    metric: str | None
    reward: ComponentSpec
    costs: Mapping[str, ComponentSpec] = field(default_factory=dict)
    metric_where: str = field(default="", compare=False)

    @property
    def measured(self) -> dict[str, ComponentSpec]:
        """How the measured costs are measured that the reward looks at, in its order."""
        wanted = Register.get(RegisterType.REWARD, self.reward.name).costs
        return {name: self.costs[name] for name in wanted if name in self.costs}


class ObjectiveReader:
    """Reads the objective of a search.

    Args:
        findings: Takes problems and warnings.
        components: Reads rewards and cost estimators.
        backend: Name of the backend, or None if the yml names none that exists.
    """

    def __init__(self, findings: Findings, components: ComponentReader, backend: str | None) -> None:
        self._findings, self._components, self._backend = findings, components, backend

    def read(self, block: Node) -> tuple[ObjectiveConfig | None, Node]:
        """Read it from ``search_algorithm``; also return that block without what was read."""
        metric = self._metric(block.get_or_empty("objective_keys"))
        reward, rest = self._reward(block)
        own, rest = self._own_costs(rest)
        found = None
        if reward is not None:
            costs = self._costs(reward, own, block)
            found = ObjectiveConfig(metric, reward, costs, block.get_or_empty("objective_keys").where)
        return found, rest.without("objective_keys", *ObjectiveOptions.model_fields)

    def check_budget(self, constraints: Iterable[Constraint], node: Node) -> None:
        """Record a problem for each condition on a cost that cannot be known beforehand."""
        for constraint in constraints if self._backend is not None else ():
            if problem := not_priced(constraint.cost, self._backend):
                rewards = _rewards_of(constraint.cost)
                hint = f"; let the reward look at it: reward_type {rewards}" if rewards else ""
                self._findings.problem(node, f"'{constraint}': {problem}{hint}")

    def _metric(self, node: Node) -> str | None:
        if isinstance(node.value, list) and len(node.value) == 1:
            node = node.value[0]
        if node.value is None:
            return None
        entry = self._components.find_name(RegisterType.METRIC, node)
        return entry.name if entry is not None else None

    def _reward(self, block: Node) -> tuple[ComponentSpec | None, Node]:
        """The reward, of its own block and of the guide's keys; and ``search_algorithm`` without them."""
        own, rest = block.get_or_empty("reward"), block
        if isinstance(own.value, str):  # reward: acc_flops
            own = own.with_entries({"type": own})
        if own.value is not None and not isinstance(own.value, dict):
            self._findings.problem(own, f"must be a block with a 'type', not {shown(own)}")
            return None, rest
        params = own.get_or_empty("params").entries
        entries: dict[Key, Node] = {}
        for path, name in GUIDE.items():
            node, rest = _taken(rest, path)
            if node is None or node.value is None:
                continue
            if name in own.entries or name in params:
                self._findings.problem(node, f"the reward's {name!r} is said twice: here and in {own.dotted}")
            entries[name] = node
        known = {"type": replace(own, value=DEFAULT_REWARD), **entries, **own.entries}
        if params:
            known = {**{key: node for key, node in known.items() if key != "params"}, **params}
        whole = own.with_entries(known)
        self._refuse_untaken(whole, entries)
        if missing := [path for path, name in GUIDE.items() if name not in known and _needs(whole, name)]:
            names = " and ".join(".".join(path) for path in missing)
            self._findings.problem(block.child("reward_type") or own, f"reward {_name(whole)!r} needs {names}")
            return None, rest
        taken = whole.without(*(name for name in entries if name != "type" and not _takes(whole, str(name))))
        return self._components.read(RegisterType.REWARD, taken), rest

    def _refuse_untaken(self, reward: Node, entries: Mapping[Key, Node]) -> None:
        """Record a problem for each of the guide's keys that the reward has no use for."""
        name = _name(reward)
        for parameter, node in entries.items():
            if parameter != "type" and not _takes(reward, str(parameter)):
                others = _rewards_with(str(parameter))
                text = f"reward {name!r} takes no {parameter!r}" + (f"; it goes with {others}" if others else "")
                self._findings.problem(node, text)

    def _own_costs(self, block: Node) -> tuple[dict[str, Node], Node]:
        """The blocks of measured costs, by name."""
        costs = block.get_or_empty("costs")
        if costs.value is not None and not isinstance(costs.value, dict):
            self._findings.problem(costs, f"must be a block with the names of costs, not {shown(costs)}")
        found = {str(name): node for name, node in costs.entries.items()}
        for name in SHORT_COSTS:
            node = block.child(name)
            if node is not None and name in found:
                self._findings.problem(node, f"{name!r} is said twice: here and in {costs.dotted}")
            elif node is not None and node.value is not None:
                found[name] = node
        return found, block

    def _costs(self, reward: ComponentSpec, own: Mapping[str, Node], block: Node) -> dict[str, ComponentSpec]:
        found: dict[str, ComponentSpec] = {}
        wanted = self._wanted(reward, block.get_or_empty("reward"))
        for name in dict.fromkeys((*wanted, *own)):
            node = own.get(name) or replace(block, value={}, path=(*block.path, "costs", name))
            if name in wanted and (problem := self._not_here(name)):
                place = block.child("reward_type") or block.get_or_empty("reward")
                self._findings.problem(place, f"reward {reward.name!r} {problem}")
                continue
            if not isinstance(node.value, dict):
                self._findings.problem(node, f"must be a block of keys, not {shown(node)}")
                continue
            kind = node.with_entries({"type": replace(node, value=name), **node.without("type").entries})
            spec = self._components.read(RegisterType.COST_ESTIMATOR, kind)
            if spec is not None and self._is_measured(spec.name, node):
                found[spec.name] = spec
        return found

    def _wanted(self, reward: ComponentSpec, node: Node) -> list[str]:
        """The costs of the reward that are not priced."""
        names = getattr(Register.get(RegisterType.REWARD, reward.name), "costs", None)
        if not isinstance(names, tuple) or not names or not all(isinstance(name, str) for name in names):
            text = f"reward {reward.name!r} names no costs: a class attribute 'costs', such as ('flops',)"
            self._findings.problem(node, text)
            return []
        return [name for name in names if not self._is_priced(name)]

    def _is_priced(self, name: str) -> bool:
        try:
            return is_priced(Register.get(RegisterType.COST_ESTIMATOR, name, self._backend))
        except RegistryError:
            return False

    def _is_measured(self, name: str, node: Node) -> bool:
        if is_measured(Register.get(RegisterType.COST_ESTIMATOR, name, self._backend)):
            return True
        self._findings.problem(node, f"{name!r} is priced, not measured: there is nothing to set")
        return False

    def _not_here(self, name: str) -> str | None:
        """Why a cost cannot be measured with the backend."""
        if self._backend is None:
            return None
        try:
            Register.entry(RegisterType.COST_ESTIMATOR, name, self._backend)
        except RegistryError as problem:
            return f"looks at {name}, which cannot be measured here ({problem}); choose another reward"
        return None


def _taken(block: Node, path: tuple[str, ...]) -> tuple[Node | None, Node]:
    """The value at a path within a block, and the block without it."""
    first, *more = path
    if not more:
        return block.child(first), block.without(first)
    inner = block.child(first)
    if inner is None or not isinstance(inner.value, dict):
        return None, block
    holder = "params" if more[0] not in inner.entries and isinstance(inner.get_or_empty("params").value, dict) else None
    if holder is not None:
        found, rest = _taken(inner.get_or_empty(holder), tuple(more))
        return found, block.with_entries({**block.entries, first: inner.with_entries({**inner.entries, holder: rest})})
    found, rest = _taken(inner, tuple(more))
    return found, block.with_entries({**block.entries, first: rest})


def _takes(reward: Node, parameter: str) -> bool:
    """Whether the constructor of the reward that a block names has a parameter; unknown rewards have any."""
    return _has(_name(reward), parameter)


def _needs(reward: Node, parameter: str) -> bool:
    """Whether that constructor has a parameter without a default."""
    found = (_parameters(_name(reward)) or {}).get(parameter)
    return found is not None and found.default is found.empty


def _name(reward: Node) -> Any:
    return reward.get_or_empty("type").value


def _has(name: Any, parameter: str) -> bool:
    found = _parameters(name)
    return found is None or parameter in found or any(each.kind is each.VAR_KEYWORD for each in found.values())


def _parameters(name: Any) -> Mapping[str, inspect.Parameter] | None:
    """The constructor's parameters of a reward; None where there is no such reward, or they are not known."""
    try:
        return inspect.signature(Register.get(RegisterType.REWARD, name)).parameters
    except (RegistryError, ValueError, TypeError, AttributeError):
        return None


def _rewards_with(parameter: str) -> str:
    """The names of the rewards that take a parameter, for messages."""
    entries = Register.entries(RegisterType.REWARD)
    return " or ".join(entry.name for entry in entries if _loadable(entry.name) and _has(entry.name, parameter))


def _rewards_of(cost: str) -> str:
    """The names of the rewards that look at a cost, for messages."""
    found = []
    for entry in Register.entries(RegisterType.REWARD):
        if _loadable(entry.name) and cost in getattr(Register.get(RegisterType.REWARD, entry.name), "costs", ()):
            found.append(entry.name)
    return " or ".join(found)


def _loadable(name: str) -> bool:
    try:
        Register.get(RegisterType.REWARD, name)
    except RegistryError:  # a broken pack's reward is nothing to recommend
        return False
    return True
