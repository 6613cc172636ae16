"""Reads what prunekit 0.1 wrote in ``resolved.json`` as this version says it: what it has finished stays finished."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_REWARD = {"reward_scale": "scale", "reward_gamma": "gamma"}


def as_now(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """The resolved configuration of a task in the present spelling.

    Version 0.1 wrote the reward under the guide's keys, and nothing of what came later (``lag``); that is taken from
    ``now``, for it changed no result then.
    """
    return {name: _step(block, now.get(name)) for name, block in before.items()}


def _step(block: Any, now: Any) -> Any:
    search = block.get("search_algorithm") if isinstance(block, Mapping) else None
    if not isinstance(search, Mapping) or "reward_type" not in search:
        return block
    present = now.get("search_algorithm") if isinstance(now, Mapping) else None
    return {**block, "search_algorithm": _search(search, present if isinstance(present, Mapping) else {})}


def _search(search: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    found = {key: value for key, value in search.items() if key not in ("reward_type", "target_latency", "latency")}
    reward = {"type": search["reward_type"], "scale": 1.0, "gamma": 1.0}
    agent = search.get("agent")
    if isinstance(agent, Mapping):
        reward |= {name: agent[key] for key, name in _REWARD.items() if key in agent}
        found["agent"] = {key: value for key, value in agent.items() if key not in _REWARD}
    measures = "latency" in str(reward["type"])
    if measures:
        reward["target_latency"] = search.get("target_latency")
    found["reward"] = reward
    if measures or search.get("latency") is not None:
        present = now.get("costs", {}).get("latency", {}) if isinstance(now.get("costs"), Mapping) else {}
        found["costs"] = {"latency": search.get("latency") or present}
    return {**found, **{key: value for key, value in now.items() if key == "lag" and key not in found}}
