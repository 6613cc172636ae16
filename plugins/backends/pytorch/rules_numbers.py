"""ATen operators on complex and on quantized numbers: what each does to channels, in neutral kinds."""

from __future__ import annotations

import torch

from prunekit.core.graph.attributes import Elementwise, Pool, Reshape
from prunekit.core.recording import axes_of, axis_of
from prunekit.plugins.backends.pytorch.call import Call


def fourier(call: Call) -> None:
    """Frequencies along some axes."""
    call.simple(Pool(axes=axes_of(list(call["dim"]), call["self"].ndim)), "self")


def as_real(call: Call) -> None:
    """Complex numbers as pairs along a new last axis."""
    call.simple(Pool(axes=()), "self")


def as_complex(call: Call) -> None:
    """Pairs along the last axis as complex numbers."""
    call.simple(Pool(axes=(call["self"].ndim - 1,)), "self")


_PER_CHANNEL = ("scale", "zero_point", "running_min", "running_max")


def fake_quantize(call: Call) -> None:
    """Numbers rounded as if they were integers, by a step for all or one for each place of an axis."""
    x = call["self"]
    axis = axis_of(call.get("axis", call.get("ch_axis", 0)), x.ndim)
    operands = [call.number(x)]
    for tensor in (call.get(name) for name in _PER_CHANNEL):
        if not isinstance(tensor, torch.Tensor) or tensor.numel() < 2:
            continue
        operands.append(call.between([n if k == axis else 1 for k, n in enumerate(x.shape)]))
        call.add(Reshape(), [call.number(tensor)], operands[-1:])
    call.add(Elementwise(), operands, call.results()[:1])
