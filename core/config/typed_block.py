"""The two forms of a block with a type: ``{type: SGD, lr: 0.1}``, and vega's ``{type: SGD, params: {lr: 0.1}}``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from prunekit.core.config.node import Key, Node
from prunekit.core.config.problems import Findings

K = TypeVar("K", bound=Key)
V = TypeVar("V")


def given_params(block: Mapping[str, Any]) -> Any:
    """Return the parameters of a block, whichever form it has; what stands under ``params`` is not checked.

    Raises:
        ValueError: Parameters stand both beside ``type`` and under ``params``.
    """
    beside = _beside_type(block)
    if "params" not in block:
        return beside
    if beside:
        raise ValueError(
            f"{', '.join(map(str, beside))}: give the parameters either all beside type or all under params"
        )
    return block["params"]


def flat(node: Node, findings: Findings) -> Node:
    """Return a block with its parameters beside ``type``; parameters in both places are a problem."""
    params = node.child("params")
    if params is None or not (params.value is None or isinstance(params.value, dict)):
        return node
    if _beside_type(node.entries):
        findings.problem(params, "give parameters beside 'type' or under 'params', not both")
    return node.with_entries({**node.without("params").entries, **params.entries})


def nested(node: Node) -> Node:
    """Return a block with its parameters under ``params``, for an annotation that has a field of that name."""
    if not node.entries or "params" in node.entries:
        return node
    kept: dict[Key, Node] = {"type": node.entries["type"]} if "type" in node.entries else {}
    return node.with_entries({**kept, "params": node.with_entries(_beside_type(node.entries))})


def _beside_type(block: Mapping[K, V]) -> dict[K, V]:
    return {key: value for key, value in block.items() if key not in ("type", "params")}
