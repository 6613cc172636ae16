"""Modules that the user says are one convolution or one normalization, whatever runs inside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch.utils._pytree import tree_leaves

from prunekit.core.graph.operators import Kind

if TYPE_CHECKING:
    from prunekit.plugins.backends.pytorch.recorder import Recorder


def add_whole(recorder: Recorder, module: torch.nn.Module, meaning: str, inputs: Any, output: Any) -> None:
    """Append a module's forward as one operator.

    Args:
        recorder: Takes it down.
        module: It has a ``weight`` (and ``bias``); a convolution may have ``groups``, ``stride``, ``transposed``.
        meaning: ``convolution`` or ``normalization``.
        inputs: What it was called with; the first tensor is what it works on.
        output: What it returned.
    """
    name = type(module).__name__
    x = next(t for t in tree_leaves(inputs) if isinstance(t, torch.Tensor))
    number, own = recorder.number(x), [getattr(module, key, None) for key in ("weight", "bias")]
    results = [t for t in tree_leaves(output) if isinstance(t, torch.Tensor)]
    if meaning == "normalization":
        own += [getattr(module, key, None) for key in ("running_mean", "running_var")]
        vectors = [t for t in own if isinstance(t, torch.Tensor) and t.ndim == 1]
        tensors = [recorder.number(t) for t in vectors]
        if x.ndim < 2 or any(len(vector) != x.shape[1] for vector in vectors):
            reason = "its weight has not one number for each channel of its input"
            recorder.add(Kind.OPAQUE, name, [number, *tensors], [recorder.fresh(t) for t in results], reason=reason)
            return
        attributes: dict[str, Any] = {"axis": 1, "pooled": [], "mean": None}
        recorder.add(Kind.NORMALIZATION, name, [number, *tensors], [recorder.fresh(t) for t in results], **attributes)
        return
    tensors = [recorder.number(t) for t in own if isinstance(t, torch.Tensor)]
    stride = getattr(module, "stride", 1)
    attributes = {
        "groups": int(getattr(module, "groups", 1)),
        "transposed": bool(getattr(module, "transposed", False)),
        "stride": int(stride[0] if isinstance(stride, (tuple, list)) else stride),
    }
    weight = own[0]
    if isinstance(weight, torch.Tensor) and weight.ndim == x.ndim >= 3 and _fits(weight, x, attributes):
        recorder.add(Kind.CONVOLUTION, name, [number, *tensors], [recorder.fresh(t) for t in results], **attributes)
        return
    reason = "it has no convolution's weight that fits its input"
    recorder.add(Kind.OPAQUE, name, [number, *tensors], [recorder.fresh(t) for t in results], reason=reason)


def _fits(weight: torch.Tensor, x: torch.Tensor, attributes: dict[str, Any]) -> bool:
    """Whether a convolution's weight reads as many channels as there are."""
    groups, transposed = attributes["groups"], attributes["transposed"]
    return weight.shape[0 if transposed else 1] * (1 if transposed else groups) == x.shape[1]
