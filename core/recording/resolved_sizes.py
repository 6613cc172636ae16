"""Sizes that were compared, or enter the values, in terms of what they count."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TypeAlias

from prunekit.core.graph.attributes import Attributes, Elementwise
from prunekit.core.graph.operators import Operator
from prunekit.core.graph.tracked_sizes import Attribute, Combined, Compared, SizeOrigin

Resolve: TypeAlias = "Callable[[Attribute], SizeOrigin | None]"


def resolved(compared: Iterable[Compared], resolve: Resolve) -> list[Compared]:
    """Comparisons, each once, with what a layer's own attributes count in place of the attributes.

    Args:
        compared: The comparisons.
        resolve: What an attribute counts if it is a layer's own and follows the layer's parameters, else None.
    """
    found = (one._replace(left=_side(one.left, resolve), right=_side(one.right, resolve)) for one in compared)
    return list(dict.fromkeys(found))


def with_resolved_scale(operator: Operator[Attributes], resolve: Resolve) -> Operator[Attributes]:
    """An operator, with what a layer's own attribute counts in place of one by a power of which it multiplies."""
    attributes = operator.attributes
    if not isinstance(attributes, Elementwise) or attributes.scaled is None:
        return operator
    origin, exponent = attributes.scaled
    return replace(operator, attributes=replace(attributes, scaled=(_resolved(origin, resolve), exponent)))


def _side(side: SizeOrigin | float, resolve: Resolve) -> SizeOrigin | float:
    return side if isinstance(side, (int, float)) else _resolved(side, resolve)


def _resolved(origin: SizeOrigin, resolve: Resolve) -> SizeOrigin:
    if isinstance(origin, Combined):
        left, right = _resolved(origin.left, resolve), _resolved(origin.right, resolve)
        return Combined(origin.value, origin.operator, left, right)
    found = resolve(origin) if isinstance(origin, Attribute) else None
    return origin if found is None or found.value != origin.value else found
