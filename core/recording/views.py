"""Views of tensors: what is written into one stands in the tensor behind it, too."""

from __future__ import annotations

from prunekit.core.graph.attributes import Attributes, Elementwise, Opaque, Permute, Reshape, Slice, Split
from prunekit.core.graph.operators import Operator


def put_back(made: Operator[Attributes] | None, index: int, whole: int, part: int) -> tuple[Attributes, list[int]]:
    """The operator that puts a view back in its place: attributes, inputs.

    Args:
        made: What made the view; None where that was no single operator.
        index: Which of its results the view is.
        whole: The number of the tensor behind the view.
        part: The number of the view, now that it has been written.
    """
    attributes = None if made is None else made.attributes
    if isinstance(attributes, Slice):
        return attributes.write(), [whole, part]
    if isinstance(attributes, Split):
        return attributes.part(index).write(), [whole, part]
    if isinstance(attributes, Permute):
        order = attributes.order
        return Permute(order=tuple(sorted(range(len(order)), key=order.__getitem__))), [part]
    if isinstance(attributes, (Reshape, Elementwise)):
        return type(attributes)(), [part]
    return Opaque(reason="it is written through a view"), [whole, part]
