"""ATen and torchvision operators that mix places of maps: what each does to channels, in neutral kinds."""

from __future__ import annotations

from collections.abc import Callable

import torch

from prunekit.core.graph.attributes import Convolution, Elementwise, Opaque, Pool, Reshape
from prunekit.core.graph.tracked_sizes import Literal
from prunekit.plugins.backends.pytorch.call import Call


def pool(spatial: int) -> Callable[[Call], None]:
    """A rule for operators that mix positions of the last axes."""

    def rule(call: Call) -> None:
        name = "input" if "input" in call else "self"
        ndim = call[name].ndim
        call.simple(Pool(axes=tuple(range(ndim - spatial, ndim))), name)

    return rule


def unpool(call: Call) -> None:
    """Each position of a map put back where a pooling found it; the places are channels' own."""
    x, places = call["self"], call["indices"]
    joined = call.between(x.shape)
    call.add(Elementwise(), [call.number(x), call.number(places)], [joined])
    spatial = 2 if call.name == "max_unpool2d" else 3
    call.add(Pool(axes=tuple(range(x.ndim - spatial, x.ndim))), [joined], call.results())


def roi_align(call: Call) -> None:
    """Regions of a map: one entry of the batch for each region."""
    _by_place(call, call["rois"])
    call.simple(Pool(axes=(0, 2, 3)), "input")


def roi_align_of_parts(call: Call) -> None:
    """Regions of a map, of which each bin reads channels of its own."""
    x, out = call["input"], call.out[0]
    _by_place(call, call["rois"])
    divided = call.between((x.shape[0], *out.shape[1:], *x.shape[2:]))
    origins = (None, None, Literal(out.shape[2]), Literal(out.shape[3]), None, None)
    call.add(Reshape(origins=origins), [call.number(x)], [divided])
    call.add(Pool(axes=(0, 2, 3, 4, 5)), [divided], call.results()[:1])


def sample(call: Call) -> None:
    """A map read at places that a grid says."""
    x = call["input"]
    _by_place(call, call["grid"])
    call.simple(Pool(axes=tuple(range(2, x.ndim))), "input")


def grid(call: Call) -> None:
    """Places of a map, moved, turned and scaled by a few numbers."""
    _by_place(call, call["theta"])
    call.results()


def deformable(call: Call) -> None:
    """A convolution that reads each place where offsets say; these, and what the read is weighted by, have an order."""
    x, weight, parts = call["input"], call["weight"], call["offset_groups"]
    number = call.number(x)
    _by_place(call, call["offset"])
    _by_place(call, call["mask"])
    if parts > 1:  # channels of each part have offsets of their own
        divided, joined = call.between((x.shape[0], parts, x.shape[1] // parts, *x.shape[2:])), call.between(x.shape)
        call.add(Reshape(origins=(None, Literal(parts), None, None, None)), [number], [divided])
        call.add(Reshape(), [divided], [joined])
        number = joined
    attributes = Convolution(groups=call["groups"], transposed=False, stride=call["stride_h"])
    call.add(attributes, [number, *(call.number(t) for t in (weight, call["bias"]))], call.results())


def _by_place(call: Call, tensor: torch.Tensor) -> None:
    """A tensor whose numbers say places: which axis each is of, its position tells."""
    call.add(Opaque(reason="its numbers are places, told apart by their order"), [call.number(tensor)], [])
