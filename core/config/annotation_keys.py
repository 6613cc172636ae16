"""What keys a type takes: looked up in annotations, for hints and for ``~``."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from typing import Annotated, Any, Union

from pydantic import BaseModel

from prunekit.core.config.node import Key, Node
from prunekit.registry import RegisterType


def members(annotation: Any) -> tuple[Any, ...]:
    """Return the alternatives of an annotation: ``A | None`` gives A and NoneType; ``Annotated`` is looked through."""
    origin = typing.get_origin(annotation)
    if origin is Annotated:
        return members(typing.get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return tuple(member for part in typing.get_args(annotation) for member in members(part))
    return (annotation,)


def named_kind(annotation: Any, holder: type = str) -> RegisterType | None:
    """Return what kind of component ``Annotated[holder, RegisterType.METRIC]`` names; None for other annotations."""
    for part in (annotation, *typing.get_args(annotation)):
        kinds = [each for each in getattr(part, "__metadata__", ()) if isinstance(each, RegisterType)]
        if kinds and typing.get_origin(part) is Annotated and holder in members(part):
            return kinds[0]
    return None


def allows_none(annotation: Any) -> bool:
    """Whether ``~`` is a value of its own."""
    return any(member in (None, type(None), Any, object) for member in members(annotation))


def fields_of(holder: Any) -> dict[str, tuple[Any, bool]]:
    """Return ``{key: (annotation, required)}`` of the models and dataclasses among the alternatives."""
    found: dict[str, tuple[Any, bool]] = {}
    for member in members(holder):
        if isinstance(member, type) and issubclass(member, BaseModel):
            for name, field in member.model_fields.items():
                kinds = [each for each in field.metadata if isinstance(each, RegisterType)]  # what named_kind looks for
                annotation: Any = Annotated[field.annotation, kinds[0]] if kinds else field.annotation
                found[field.alias or name] = (annotation, field.is_required())
        elif isinstance(member, type) and dataclasses.is_dataclass(member):
            hints = typing.get_type_hints(member, include_extras=True)
            for each in dataclasses.fields(member):
                absent = each.default is dataclasses.MISSING and each.default_factory is dataclasses.MISSING
                found[each.name] = (hints[each.name], absent)
    return found


def inside(annotation: Any, key: Key) -> Any:
    """Return the annotation of what stands at ``key`` of a value of this annotation; Any if unknown."""
    known = fields_of(annotation)
    if key in known:
        return known[str(key)][0]
    for member in members(annotation):
        arguments = [part for part in typing.get_args(member) if part is not Ellipsis]
        origin = typing.get_origin(member)
        if arguments and isinstance(origin, type) and origin is not type:
            return arguments[-1] if issubclass(origin, Mapping) else arguments[0]
    return Any


def without_tildes(node: Node, annotation: Any) -> Node:
    """Drop every ``~`` that stands for a default: where the annotation does not take None and a default exists."""
    if isinstance(node.value, list):
        items = [without_tildes(item, inside(annotation, index)) for index, item in enumerate(node.value)]
        return Node(items, node.file, node.line, node.path)
    annotation = _chosen(annotation, node)
    known = fields_of(annotation)
    if not node.entries:
        return node
    kept = {}
    for key, child in node.entries.items():
        inner, required = known.get(str(key)) or (inside(annotation, key), True)
        if child.value is not None or required or allows_none(inner):
            kept[key] = without_tildes(child, inner)
    return node.with_entries(kept)


def _chosen(annotation: Any, node: Node) -> Any:
    """Of alternatives that each carry a ``type``, the one that the block names."""
    name = node.get_or_empty("type").value
    for member in members(annotation):
        if name is not None and name in typing.get_args(fields_of(member).get("type", (None, False))[0]):
            return member
    return annotation
