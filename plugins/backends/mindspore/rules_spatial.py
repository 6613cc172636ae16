"""MindSpore's operators that mix places of maps, or their frequencies: what each does to channels, in neutral kinds."""

from __future__ import annotations

from typing import Any

from mindspore import Tensor

from prunekit.core.graph.attributes import Elementwise, Opaque, Pool, Reshape
from prunekit.core.graph.tracked_sizes import Literal
from prunekit.core.recording import axes_of
from prunekit.plugins.backends.mindspore.call import Call


def pool(call: Call) -> None:
    """Operators that mix positions of all axes behind the channels."""
    x = call.number(call.x)
    call.add(Pool(axes=tuple(range(2, call.x.ndim))), [x], call.results())


def local_response(call: Call) -> None:
    """Each channel is divided by what its neighbours are."""
    call.unary(Pool(axes=(1,)))


def unpool(call: Call) -> None:
    """Each position of a map put back where a pooling found it; the places are channels' own."""
    x, places, joined = call.x, call.any("argmax", "indices"), call.between(call.x.shape)
    call.add(Elementwise(), [call.number(x), call.number(places)], [joined])
    call.add(Pool(axes=tuple(range(2, x.ndim))), [joined], call.first())


def roi_align(call: Call) -> None:
    """Regions of a map: one entry of the batch for each region."""
    _by_place(call, call.tensors[1:])
    call.unary(Pool(axes=(0, 2, 3)))


def crops(call: Call) -> None:
    """Regions of maps whose channels come last."""
    _by_place(call, call.tensors[1:])
    call.unary(Pool(axes=(0, 1, 2)))


def sample(call: Call) -> None:
    """A map read at places that a grid says."""
    _by_place(call, [call["grid"]])
    pool(call)


def grid(call: Call) -> None:
    """Places of a map, moved, turned and scaled by a few numbers."""
    _by_place(call, [call["theta"]])
    call.first()


def bent(call: Call) -> None:
    """Each place of a map read where offsets say, for a convolution to see."""
    x, parts = call.x, int(call["deformable_groups"])
    number = call.number(x)
    _by_place(call, call.tensors[1:])
    if parts > 1:  # channels of each part have offsets of their own
        batch, channels, *rest = x.shape
        divided, joined = call.between((batch, parts, channels // parts, *rest)), call.between(x.shape)
        call.add(Reshape(origins=(None, Literal(parts), *[None] * (1 + len(rest)))), [number], [divided])
        call.add(Reshape(), [divided], [joined])
        number = joined
    call.add(Pool(axes=(2, 3)), [number], call.first())


def fourier(call: Call) -> None:
    """Frequencies along some axes: the last ones, as many as sizes are given for, or all."""
    axes, sizes = call.get("dim"), call.get("s")
    if axes is None and sizes is not None:
        axes = list(range(-len(sizes), 0))
    call.unary(Pool(axes=axes_of(list(axes) if isinstance(axes, tuple) else axes, call.x.ndim)))


def _by_place(call: Call, tensors: list[Any]) -> None:
    """Tensors whose numbers say places: which axis each is of, its position tells."""
    numbers = [call.number(tensor) for tensor in tensors if isinstance(tensor, Tensor)]
    call.add(Opaque(reason="its numbers are places, told apart by their order"), numbers, [])
