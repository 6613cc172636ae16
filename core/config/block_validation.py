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
from prunekit.core.config.usable_values import refuse_unusable, unusable
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
    before = len(findings.problems)
    refused = refuse_unusable(node, findings, shown)
    try:
        found = model.model_validate(node.to_python())
    except ValidationError as error:
        _report(error, model, node, findings, also_known, refused)
        return None
    except Exception as error:  # a validator is its author's code
        if not refused:
            findings.problem(node, f"the check of {model.__name__} failed: {type(error).__name__}: {error}")
        return None
    for name, field in model.model_fields.items():
        child = node.child(field.alias or name)
        if child is not None:
            _refuse_what_was_made(child, getattr(found, name), findings)
    return found if len(findings.problems) == before else None


def shown(node: Node) -> str:
    """Return a value as a message shows it, at most 60 characters long."""
    if node.value is None:
        return "~"
    if isinstance(node.value, dict):
        return "a block of keys"
    text = repr(node.value[:100] if isinstance(node.value, str) else node.to_python())
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
    refused: Iterable[Node],
) -> None:
    told = set(map(id, refused))
    merged: dict[tuple[Key, ...], _Error] = {}
    for details in error.errors(include_url=False):
        found = _located(details, block)
        other = merged.get(found.path)
        if other is not None and found.text not in other.text:
            found = dataclasses.replace(found, text=f"{other.text} or {found.text.removeprefix('must be ')}")
        merged[found.path] = found
    outer_paths = {path[:length] for path in merged for length in range(len(path))}
    for path, found in merged.items():
        if id(found.node) in told:
            continue
        if found.kind in _UNKNOWN:
            parent: Any = model
            for key in path[:-1]:
                parent = inside(parent, key)
            known = [*fields_of(parent), *(also_known if len(path) == 1 else ())]
            outer = block
            for key in path[:-1]:
                outer = outer.get_or_empty(key)
            findings.unknown_key(outer, path[-1], known)
        elif not (found.of_union and path in outer_paths):
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


def _refuse_what_was_made(node: Node, found: Any, findings: Findings) -> None:
    """Record a problem where pydantic made of a value what it is not: of True the number 1, of the text 'inf' one."""
    if isinstance(node.value, bool) and isinstance(found, (int, float)) and not isinstance(found, bool):
        findings.problem(node, f"must be a number, not {node.value}")
    elif isinstance(node.value, str) and not isinstance(found, str) and (text := unusable(found)) is not None:
        findings.problem(node, f"{text}, not {shown(node)}")
    elif isinstance(node.value, list) and isinstance(found, (list, tuple)):
        for child, value in zip(node.value, found, strict=False):
            _refuse_what_was_made(child, value, findings)
    else:
        _refuse_members(node, found, findings)
        for key, child in node.entries.items():
            _refuse_what_was_made(child, _part(found, key), findings)


def _refuse_members(node: Node, found: Any, findings: Findings) -> None:
    """The same for what was made of a mapping's keys, and for the members of a set, whose places are lost."""
    given = node.entries or (node.to_python() if isinstance(node.value, list) else ())
    for value in found if isinstance(found, (dict, set, frozenset)) else ():
        if value not in given and (text := unusable(value)) is not None:
            findings.problem(node, f"each {text}")


def _part(found: Any, key: Key) -> Any:
    """What was made of the value at a key; a validator may have moved it under ``params``."""
    if isinstance(found, dict):
        return found.get(key)
    return getattr(found, str(key), getattr(getattr(found, "params", None), str(key), None))
