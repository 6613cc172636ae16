"""Checks a block against a pydantic model. Each error becomes a problem with a line and a sentence for the user."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from prunekit.core.config.annotation_keys import fields_of, inside, without_tildes
from prunekit.core.config.node import Key, Node
from prunekit.core.config.problems import Findings
from prunekit.core.config.pydantic_errors import explain
from prunekit.core.config.unsupported_vega_keys import without_foreign
from prunekit.registry import did_you_mean

M = TypeVar("M", bound=BaseModel)

_UNKNOWN = {"extra_forbidden", "unexpected_keyword_argument"}
_MISSING = {"missing", "missing_argument", "missing_keyword_only_argument", "missing_positional_only_argument"}


def check_model(
    model: type[M], node: Node, findings: Findings, *, section: str = "", also_known: Iterable[str] = ()
) -> M | None:
    """Check a block and return the model's instance, or None where ``findings`` got a problem.

    Args:
        model: What the block must be; an empty block (``~``) counts as one without keys.
        node: The block.
        findings: Takes the problems.
        section: The section's name in the tables of vega's keys; keys in these tables are reported and left out.
        also_known: Further keys that a hint may name.
    """
    if node.value is None:
        node = node.with_entries({})
    elif not isinstance(node.value, dict):
        findings.problem(node, f"must be a block of keys, not {shown(node)}")
        return None
    node = without_foreign(node, section, [*fields_of(model), *also_known], findings)
    node = without_tildes(node, model)
    try:
        found = model.model_validate(node.to_python())
    except ValidationError as error:
        _report(error, model, node, findings, also_known)
        return None
    before = len(findings.problems)
    for name, field in model.model_fields.items():
        child = node.child(field.alias or name)
        if child is not None:
            _refuse_truth_values(child, getattr(found, name), findings)
    return found if len(findings.problems) == before else None


def shown(node: Node) -> str:
    """Return a value as a message shows it, at most 60 characters long."""
    if node.value is None:
        return "~"
    if isinstance(node.value, dict):
        return "a block of keys"
    text = repr(node.to_python())
    return text if len(text) <= 60 else text[:57] + "..."


@dataclasses.dataclass(frozen=True)
class _Error:
    node: Node
    path: tuple[Key, ...]  # below the block
    kind: str
    text: str
    of_union: bool


def _report(
    error: ValidationError,
    model: type[BaseModel],
    block: Node,
    findings: Findings,
    also_known: Iterable[str],
) -> None:
    merged: dict[tuple[Key, ...], _Error] = {}
    for details in error.errors(include_url=False):
        found = _located(details, block)
        other = merged.get(found.path)
        if other is not None and found.text not in other.text:
            found = dataclasses.replace(found, text=f"{other.text} or {found.text.removeprefix('must be ')}")
        merged[found.path] = found
    for path, found in merged.items():
        if found.kind in _UNKNOWN:
            parent: Any = model
            for key in path[:-1]:
                parent = inside(parent, key)
            known = [*fields_of(parent), *(also_known if len(path) == 1 else ())]
            outer = block
            for key in path[:-1]:
                outer = outer.get_or_empty(key)
            findings.unknown_key(outer, path[-1], known)
        elif not (found.of_union and _deeper(path, merged)):
            findings.problem(found.node, _sentence(found))


def _located(details: Any, block: Node) -> _Error:
    """Find the node of an error. A part of pydantic's location that is no key names an alternative of a union."""
    node, path, skipped = block, [], False
    for part in details["loc"]:
        child = node.child(part)
        if child is not None:
            node = child
            path.append(part)
        elif part != "[key]":
            skipped = True
    kind, text = details["type"], explain(details)
    if kind in _MISSING:
        node = node.get_or_empty(details["loc"][-1])
        path.append(details["loc"][-1])
        return _Error(node, tuple(path), kind, text, False)
    if "[key]" in details["loc"]:
        text = f"the key {text}"
    return _Error(node, tuple(path), kind, text, skipped)


def _sentence(found: _Error) -> str:
    if not found.text.startswith("must be "):
        return found.text
    hint = ""
    if found.kind == "literal_error" and isinstance(found.node.value, str):
        hint = did_you_mean(found.node.value, re.findall(r"'([^']*)'", found.text), cutoff=0.7)
    return f"{found.text}, not {shown(found.node)}" + (f".{hint}" if hint else "")


def _deeper(path: tuple[Key, ...], merged: dict[tuple[Key, ...], _Error]) -> bool:
    return any(len(other) > len(path) and other[: len(path)] == path for other in merged)


def _refuse_truth_values(node: Node, found: Any, findings: Findings) -> None:
    """Record a problem where True or False stands for a number: pydantic accepts them as 1 and 0."""
    if isinstance(node.value, bool) and isinstance(found, (int, float)) and not isinstance(found, bool):
        findings.problem(node, f"must be a number, not {node.value}")
    elif isinstance(node.value, list) and isinstance(found, (list, tuple)):
        for child, value in zip(node.value, found, strict=False):
            _refuse_truth_values(child, value, findings)
    else:
        for key, child in node.entries.items():
            value = found.get(key) if isinstance(found, dict) else getattr(found, str(key), None)
            _refuse_truth_values(child, value, findings)
