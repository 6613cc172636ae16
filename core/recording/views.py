"""Views of tensors: what is written into one stands in the tensor behind it, too."""

from __future__ import annotations

from typing import Any

from prunekit.core.graph.operators import Kind, Operator


def put_back(made: Operator | None, index: int, whole: int, part: int) -> tuple[Kind, list[int], dict[str, Any]]:
    """The operator that puts a view back in its place: kind, inputs, attributes.

    Args:
        made: What made the view; None where that was no single operator.
        index: Which of its results the view is.
        whole: The number of the tensor behind the view.
        part: The number of the view, now that it has been written.
    """
    if made is not None and made.kind in (Kind.SLICE, Kind.SPLIT):
        bounds = {k: v for k, v in made.attributes.items() if k in ("axis", "start", "stop", "step")}
        if made.kind is Kind.SPLIT:
            start = sum(made.attributes["sizes"][:index])
            bounds |= {"start": start, "stop": start + made.attributes["sizes"][index], "step": 1}
        return Kind.WRITE, [whole, part], bounds
    if made is not None and made.kind is Kind.PERMUTE:
        order = made.attributes["order"]
        return Kind.PERMUTE, [part], {"order": sorted(range(len(order)), key=order.__getitem__)}
    if made is not None and made.kind in (Kind.RESHAPE, Kind.ELEMENTWISE):
        return made.kind, [part], {}
    return Kind.OPAQUE, [whole, part], {"reason": "it is written through a view"}
