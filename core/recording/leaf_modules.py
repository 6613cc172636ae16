"""Modules that the user says are one convolution or one normalization, whatever runs inside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prunekit.core.graph.operators import Kind

if TYPE_CHECKING:
    from prunekit.core.recording.recorder import Recorder


def add_leaf_module(recorder: Recorder, module: Any, meaning: str, inputs: Any, output: Any) -> None:
    """Append a module's forward as one operator.

    Args:
        recorder: Takes it down.
        module: It has a ``weight`` (and ``bias``); a convolution may have ``groups``, ``stride``, ``transposed``.
        meaning: ``convolution`` or ``normalization``.
        inputs: What it was called with; the first tensor is what it works on.
        output: What it returned.
    """
    x = next(recorder.tensors_in(inputs))
    kind, own, attributes = (_normalization if meaning == "normalization" else _convolution)(recorder, module, x)
    operands = [recorder.number(t) for t in (x, *own)]
    results = [recorder.fresh(t) for t in recorder.tensors_in(output)]
    recorder.add(kind, type(module).__name__, operands, results, **attributes)


Whole = tuple[Kind, list[Any], dict[str, Any]]
"""What a module is, the tensors that it owns, and the attributes of the operator."""


def _normalization(recorder: Recorder, module: Any, x: Any) -> Whole:
    own = [t for t in _owned(recorder, module, *recorder.norm_parts) if t.ndim == 1]
    if x.ndim < 2 or any(len(vector) != x.shape[1] for vector in own):
        return Kind.OPAQUE, own, {"reason": "its weight has not one number for each channel of its input"}
    return Kind.NORMALIZATION, own, {"axis": 1, "pooled": [], "mean": None}


def _convolution(recorder: Recorder, module: Any, x: Any) -> Whole:
    own, stride = _owned(recorder, module, "weight", "bias"), getattr(module, "stride", 1)
    groups, transposed = int(getattr(module, recorder.groups_key, 1)), bool(getattr(module, "transposed", False))
    shape: tuple[int, ...] = tuple(own[0].shape) if own else ()
    if not len(shape) == x.ndim >= 3 or (shape[0] if transposed else shape[1] * groups) != x.shape[1]:
        return Kind.OPAQUE, own, {"reason": "it has no convolution's weight that fits its input"}
    step = int(stride[0] if isinstance(stride, (tuple, list)) else stride)
    return Kind.CONVOLUTION, own, {"groups": groups, "transposed": transposed, "stride": step}


def _owned(recorder: Recorder, module: Any, *keys: str) -> list[Any]:
    return [t for t in (getattr(module, key, None) for key in keys) if recorder.is_tensor(t)]
