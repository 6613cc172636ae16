"""Modules that the user says are one convolution or one normalization, whatever runs inside them."""

from __future__ import annotations

from typing import Any

from prunekit.core.graph.attributes import Attributes, Convolution, Normalization, Opaque
from prunekit.core.recording.graph_writer import GraphWriter


def add_leaf_module(writer: GraphWriter, module: Any, meaning: str, inputs: Any, output: Any) -> None:
    """Append a module's forward as one operator.

    Args:
        writer: Writes the graph.
        module: It has a ``weight`` (and ``bias``); a convolution may have ``groups``, ``stride``, ``transposed``.
        meaning: ``convolution`` or ``normalization``.
        inputs: What it was called with; the first tensor is what it works on.
        output: What it returned.
    """
    x = next(writer.tensors_in(inputs))
    attributes, own = (_normalization if meaning == "normalization" else _convolution)(writer, module, x)
    operands = [writer.number(t) for t in (x, *own)]
    results = [writer.fresh(t) for t in writer.tensors_in(output)]
    writer.add(attributes, type(module).__name__, operands, results)


Leaf = tuple[Attributes, list[Any]]
"""What a module is, and the tensors that it owns."""


def _normalization(writer: GraphWriter, module: Any, x: Any) -> Leaf:
    own = [t for t in _owned(writer, module, *writer.norm_parts) if t.ndim == 1]
    if x.ndim < 2 or any(len(vector) != x.shape[1] for vector in own):
        return Opaque(reason="its weight has not one number for each channel of its input"), own
    return Normalization(axis=1, pooled=()), own


def _convolution(writer: GraphWriter, module: Any, x: Any) -> Leaf:
    own, stride = _owned(writer, module, "weight", "bias"), getattr(module, "stride", 1)
    groups, transposed = int(getattr(module, writer.groups_key, 1)), bool(getattr(module, "transposed", False))
    shape: tuple[int, ...] = tuple(own[0].shape) if own else ()
    if not len(shape) == x.ndim >= 3 or (shape[0] if transposed else shape[1] * groups) != x.shape[1]:
        return Opaque(reason="it has no convolution's weight that fits its input"), own
    step = int(stride[0] if isinstance(stride, (tuple, list)) else stride)
    return Convolution(groups=groups, transposed=transposed, stride=step), own


def _owned(writer: GraphWriter, module: Any, *keys: str) -> list[Any]:
    return [t for t in (getattr(module, key, None) for key in keys) if writer.is_tensor(t)]
