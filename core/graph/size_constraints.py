"""Constraints from sizes in the model's code: what they tie or freeze."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from prunekit.core.graph.attributes import Attributes
from prunekit.core.graph.flow_state import FlowState, where
from prunekit.core.graph.labels import IntArray
from prunekit.core.graph.operators import Operator
from prunekit.core.graph.reshaping import Split, varying_part
from prunekit.core.graph.size_products import factors, simplified
from prunekit.core.graph.tracked_sizes import Attribute, Combined, Extent, Literal, SizeOrigin, Unknown, leaves


def counted(flow: FlowState, origin: SizeOrigin | None) -> IntArray | None:
    """The labels that a size counts, if it is the size of a labelled axis."""
    return flow.counted(origin.tensor).get(origin.axis) if isinstance(origin, Extent) else None


def shrinks(flow: FlowState, origin: SizeOrigin | None) -> bool:
    """Whether a size may become smaller: it is computed by the framework, held by a module, or follows channels."""
    if origin is None:
        return True
    return any(isinstance(leaf, Attribute) or counted(flow, leaf) is not None for leaf in leaves(origin))


def require(flow: FlowState, labels: IntArray, origin: SizeOrigin | None, operator: Operator[Attributes]) -> None:
    """The number of these labels that stay must be what the code will compute."""
    if origin is None:
        return
    origin = simplified(origin, lambda factor: shrinks(flow, factor))
    if isinstance(origin, Attribute):
        flow.attributes.setdefault(origin, []).append(labels)
    elif isinstance(origin, Extent):
        others = counted(flow, origin)
        if others is not None and others.size == labels.size:
            flow.labels.tie_counts(labels, others)
        else:
            _freeze(flow, labels, others, f"{where(operator)} gives it the size of what stays as it is")
    elif isinstance(origin, Literal):
        flow.labels.freeze(labels, f"{where(operator)} {_told(origin)}")
    elif origin.operator == "*" and origin.value == labels.size:
        _product(flow, labels, origin, operator)
    elif origin.operator == "//" and origin.left.value == labels.size * origin.right.value:
        pin(flow, origin.right, operator)
        require(flow, np.tile(labels, origin.right.value), origin.left, operator)
    elif origin.operator == "+" and origin.value == labels.size:
        require(flow, labels[: origin.left.value], origin.left, operator)
        require(flow, labels[origin.left.value :], origin.right, operator)
    else:
        flow.labels.freeze(labels, f"{where(operator)} computes its size {origin.value} in another way")
        pin(flow, origin, operator)


def pin(
    flow: FlowState,
    origin: SizeOrigin | None,
    operator: Operator[Attributes],
    told: str = "gives its size to what stays as it is",
) -> None:
    """Something that keeps its size has this one, or values depend on it: what it is computed from stays."""
    if origin is not None and constant(flow, origin):
        return
    for leaf in leaves(origin) if origin is not None else ():
        if isinstance(leaf, Attribute):
            flow.pinned.setdefault(leaf, where(operator))
        elif (labels := counted(flow, leaf)) is not None:
            flow.labels.freeze(labels, f"{where(operator)} {told}")


def constant(flow: FlowState, origin: SizeOrigin) -> bool:
    """Whether a size is the quotient of two that shrink in proportion: channels by heads, where whole heads go."""
    if not isinstance(origin, Combined) or origin.operator != "//" or not isinstance(origin.right, Attribute):
        return False
    whole, parts = counted(flow, origin.left), flow.attributes.get(origin.right, [None])[0]
    if whole is None or parts is None or parts.size * origin.value != whole.size:
        return False
    root = flow.labels.classes()
    return np.array_equal(np.sort(root[np.repeat(parts, origin.value)]), np.sort(root[whole]))


def sized(flow: FlowState, origin: SizeOrigin | None, operator: Operator[Attributes]) -> IntArray | None:
    """Labels for a new axis of this size, or None where it stays as it is."""
    if isinstance(origin, Attribute) and origin.value > 1:
        labels = flow.labels.fresh(origin.value)
        flow.attributes.setdefault(origin, []).append(labels)
        return labels
    if not isinstance(origin, Combined) or origin.operator != "-" or origin.value < 2:
        return counted(flow, origin)
    part = counted(flow, origin.right)
    if part is None:
        return None
    labels = flow.labels.fresh(origin.value)  # what fills a part up to a whole
    flow.filled_up.append((np.concatenate([part, labels]), origin.left, operator))
    return labels


def divide(
    flow: FlowState, split: Split, origins: Sequence[SizeOrigin | None], operator: Operator[Attributes]
) -> tuple[int, IntArray]:
    """One axis became several: what goes must leave whole positions of one of them.

    Whole parts may go, or positions within every part, as far as the code's sizes allow; where both are possible the
    last axis shrinks, unless the caller chose otherwise.

    Args:
        flow: What is known.
        split: The labels, and the axes that they are spread over.
        origins: Where the sizes of all axes of the result come from.
        operator: The operator.

    Returns:
        The axis that shrinks and its labels.
    """
    free = [k for k, axis in enumerate(split.axes) if shrinks(flow, origins[axis])]
    if not free:
        lost = [o for axis in split.axes for o in leaves(origins[axis] or Literal(1)) if isinstance(o, Unknown)]
        told = _told(lost[0]) if lost else "has its sizes in the network's code"
        flow.labels.freeze(split.table, f"{where(operator)} {told}")
        free = [len(split.axes) - 1]
    whole = len(free) > 1 and flow.choose(operator, split.table.ravel())
    chosen = free[-2] if whole else free[-1]
    rows = np.moveaxis(split.table, chosen, -1).reshape(-1, split.table.shape[chosen])
    labels, axis = flow.divide(operator, rows, free=not whole), split.axes[chosen]
    origin = origins[axis]
    rest = [a for a in split.axes if a != axis]
    for other in split.axes[max(chosen - 1, 0) : chosen + 2]:  # parts of h beside x // h: together they are x
        ratio = origins[other] if other != axis else None
        if isinstance(ratio, Combined) and ratio.operator == "//" and ratio.right in factors(origin):
            part = _factor(labels, factors(origin), ratio.right)
            together = np.repeat(part, ratio.value) if other > axis else np.tile(part, ratio.value)
            require(flow, together, ratio.left, operator)
            rest.remove(other)
    for other in rest:
        pin(flow, origins[other], operator)
    return axis, labels


def settle(flow: FlowState) -> None:
    """Every use of an attribute counts the same labels; an attribute that sizes anything else stays."""
    for labels, whole, operator in flow.filled_up:  # what they meet has tied them by now
        require(flow, labels, whole, operator)
    for labels, times, product, operator in flow.multiples:  # 2 * n: in which order they lie, other code has told
        root = flow.labels.classes()
        if not np.array_equal(np.sort(root[labels]), np.sort(root[times])):
            _laid_out(flow, labels, product, operator)
    for attribute, uses in flow.attributes.items():
        for labels in uses:
            if attribute in flow.pinned:
                told = f"its size is {attribute}, by which {flow.pinned[attribute]} sizes what stays as it is"
                flow.labels.freeze(labels, told)
            elif labels.size != attribute.value:
                flow.labels.freeze(labels, f"its size is not {attribute}, from which it is computed")
            else:
                flow.labels.tie_counts(uses[0], labels)


def _told(origin: Literal) -> str:
    """What is said of a size that stays because nothing computes it again."""
    if isinstance(origin, Unknown):
        return f"is given the size {origin.value}, and where that number comes from is not known"
    return f"has its size {origin.value} in the network's code"


def _product(flow: FlowState, labels: IntArray, origin: Combined, operator: Operator[Attributes]) -> None:
    """The factors of a product, of which one shrinks."""
    parts = [f for f in factors(origin) if f.value != 1]
    if (one := _counted_alike(flow, labels, parts)) is not None:
        return require(flow, *one, operator)
    if (times := _multiple_of(flow, labels, parts)) is not None:
        flow.multiples.append((labels, times, origin, operator))
        return
    _laid_out(flow, labels, origin, operator)


def _multiple_of(flow: FlowState, labels: IntArray, parts: Sequence[SizeOrigin]) -> IntArray | None:
    """Where a size is several times that of one axis: the labels there, as often."""
    changing = [part for part in parts if shrinks(flow, part)]
    if len(changing) != 1 or (counts := counted(flow, changing[0])) is None or counts.size != changing[0].value:
        return None
    return np.tile(counts, labels.size // counts.size)


def _laid_out(flow: FlowState, labels: IntArray, origin: Combined, operator: Operator[Attributes]) -> None:
    """The factors of a product as axes, in the order in which the code names them."""
    parts = [f for f in factors(origin) if f.value != 1]
    varying, inner = varying_part(labels.reshape([part.value for part in parts]))
    for k, part in enumerate(parts):
        if k not in varying:
            pin(flow, part, operator)
    if len(varying) == 1:
        require(flow, inner, parts[varying[0]], operator)
        return
    origins = [parts[k] for k in varying]
    axis, chosen = divide(flow, Split(tuple(range(len(varying))), inner), origins, operator)
    require(flow, chosen, origins[axis], operator)


def _counted_alike(
    flow: FlowState, labels: IntArray, parts: Sequence[SizeOrigin]
) -> tuple[IntArray, SizeOrigin] | None:
    """Where one factor shrinks and each label stands as often as the others say: the labels that it counts, and it."""
    changing = [part for part in parts if shrinks(flow, part)]
    if len(changing) != 1:
        return None
    each, first, times = np.unique(labels, return_index=True, return_counts=True)
    often, rest = divmod(int(times[0]), labels.size // changing[0].value)
    if rest or (times != times[0]).any():
        return None
    return np.tile(each[np.argsort(first)], often), changing[0]


def _factor(labels: IntArray, factors: Sequence[SizeOrigin | None], wanted: SizeOrigin) -> IntArray:
    """The labels along one factor of a size, at the first position of the others."""
    table = labels.reshape([factor.value for factor in factors if factor is not None])
    place = factors.index(wanted)
    return table[tuple(slice(None) if k == place else 0 for k in range(table.ndim))]


def _freeze(flow: FlowState, labels: IntArray, others: IntArray | None, reason: str) -> None:
    flow.labels.freeze(labels, reason)
    if others is not None:
        flow.labels.freeze(others, reason)
