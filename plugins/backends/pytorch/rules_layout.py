"""ATen operators that move positions: what each does to channels, in the neutral kinds of ``core.graph``."""

from __future__ import annotations

from dataclasses import replace

import torch

from prunekit.core.graph.attributes import (
    Concat,
    Create,
    Elementwise,
    Expand,
    Opaque,
    Origins,
    Pad,
    Permute,
    Pool,
    Reshape,
    Slice,
    Split,
)
from prunekit.core.graph.symbolic_integers import SymInt
from prunekit.core.graph.tracked_sizes import Combined, Extent, Literal
from prunekit.core.recording import axes_of, axis_of, origin_of, origins_of
from prunekit.core.recording.api_call import with_origins
from prunekit.core.recording.decompositions import (
    columns,
    flipped,
    from_columns,
    from_the_last,
    pixel_shuffled,
    repeated,
    stacked,
)
from prunekit.plugins.backends.pytorch.call import Call


def reshape(call: Call) -> None:
    """The same numbers in another shape."""
    x, squeezed = call["self"], list[int]()
    if call.name in ("squeeze", "squeeze_"):
        squeezed = [axis for axis in axes_of(call.get("dim"), x.ndim) if x.shape[axis] > 1]
    call.simple(Reshape(origins=call.origins(), squeezed=tuple(squeezed)), "self")


def expand(call: Call) -> None:
    """Axes of size 1 made longer."""
    call.simple(Expand(origins=call.origins()), "self")


def permute(call: Call) -> None:
    """Axes in another order."""
    ndim = call["self"].ndim
    if call.name == "permute":
        order = axes_of(call["dims"], ndim)
    elif call.name == "t":
        order = tuple(reversed(range(ndim)))
    else:
        a, b = axis_of(call["dim0"], ndim), axis_of(call["dim1"], ndim)
        order = tuple({a: b, b: a}.get(k, k) for k in range(ndim))
    call.simple(Permute(order=order), "self")


def concat(call: Call) -> None:
    """Tensors one behind the other along an axis."""
    # old torch lets an empty vector pass
    tensors = [t for t in call["tensors"] if t.numel() or t.ndim > 1] or call["tensors"]
    axis = axis_of(call["dim"], tensors[0].ndim)
    call.add(Concat(axis=axis), [call.number(t) for t in tensors], call.results())


def stack(call: Call) -> None:
    """Tensors one behind the other along a new axis."""
    stacked(call, call["tensors"], axis_of(call["dim"], call["tensors"][0].ndim + 1))


def split(call: Call) -> None:
    """Parts along an axis."""
    axis = axis_of(call["dim"], call["self"].ndim)
    sizes = tuple(1 if call.name == "unbind" else part.shape[axis] for part in call.out)
    origins: Origins = ()
    if call.api_call.name in ("split", "split_with_sizes"):
        passed = call.api_call.argument(1, "split_size_or_sections")
        passed = (
            call.api_call.kwargs.get("split_size", call.api_call.kwargs.get("split_sizes"))
            if passed is None
            else passed
        )
        if passed is not None:
            origins = origins_of([passed] if isinstance(passed, int) else list(passed))
    call.simple(Split(axis=axis, sizes=sizes, drop=call.name == "unbind", origins=origins), "self")


def cut(call: Call) -> None:
    """A part of an axis."""
    axis = axis_of(call["dim"], call["self"].ndim)
    size = call["self"].shape[axis]
    indices = slice(call["start"], call["end"], call["step"]).indices(size)
    call.simple(_part(call, axis, indices, size), "self")


def _part(call: Call, axis: int, indices: tuple[int, int, int], size: int) -> Slice:
    """A part of an axis, with where bounds that the code passed come from."""
    api_call, (start, stop, step) = call.api_call, indices
    part = Slice(axis=axis, start=start, stop=stop, step=step)
    if api_call.name == "narrow":
        first, length = origin_of(api_call.argument(2, "start")), origin_of(api_call.argument(3, "length"))
        return replace(part, start_origin=first, stop_origin=Combined(stop, "+", first, length))
    if api_call.name not in ("__getitem__", "__setitem__"):
        return part
    index = api_call.args[1] if isinstance(api_call.args[1], (tuple, list)) else (api_call.args[1],)
    slices = [item for item in index if isinstance(item, slice)]
    while api_call.used < len(slices):
        found, api_call.used = slices[api_call.used], api_call.used + 1
        if found.indices(size) == indices and indices != (0, size, 1):
            return with_origins(part, found)
    return part


def select(call: Call) -> None:
    """One position of an axis, which disappears."""
    axis = axis_of(call["dim"], call["self"].ndim)
    place = axis_of(call["index"], call["self"].shape[axis])
    call.simple(Slice(axis=axis, start=place, stop=place + 1, drop=True), "self")


def flip(call: Call) -> None:
    """Axes reversed."""
    flipped(call, call["self"], axes_of(call["dims"], call["self"].ndim))


def pad(call: Call) -> None:
    """New positions at the ends of axes."""
    x, pads = call["self"], list(call["pad"] if call.name == "constant_pad_nd" else call["padding"])
    passed = call.api_call.argument(1, "pad") if call.api_call.name == "pad" else None
    origins = origins_of(passed) if passed is not None and list(passed) == pads else (None,) * len(pads)
    attributes = Pad(
        pads=from_the_last(pads, x.ndim, 0),
        constant=call.name == "constant_pad_nd",
        origins=from_the_last(origins, x.ndim, None),
    )
    call.simple(attributes, "self")


def repeat(call: Call) -> None:
    """Copies side by side."""
    repeats = call["repeats"]
    passed = call.api_call.sizes(1, "repeats") if call.api_call.name == "repeat" else []
    repeated(call, call["self"], repeats, origins_of(passed) if passed == list(repeats) else (None,) * len(repeats))


def create(call: Call) -> None:
    """A new tensor of a size that the code passed."""
    api_call, ordered = call.api_call, call.name in ("arange", "linspace", "eye", "randperm")
    at = 1 if api_call.name.startswith("new_") else 0
    sizes = api_call.sizes(at, "size", "end", "n")
    if ordered:
        found = [size for size in [*api_call.args, *api_call.kwargs.values()] if isinstance(size, SymInt)]
        sizes = found[:1] * call.out.ndim
    origins: Origins = tuple(origin_of(size) for size in sizes if isinstance(size, int))
    if len(origins) != call.out.ndim or api_call.name.removeprefix("new_") not in _CREATORS:
        origins = _of_base(call)  # torch makes it for itself
    call.add(Create(ordered=ordered, origins=origins), [], call.results())


_CREATORS = ("zeros", "ones", "empty", "full", "rand", "randn", "arange", "linspace", "eye", "empty_strided")


def _of_base(call: Call) -> Origins:
    """Sizes of a tensor that another one asked for: where they are the same they are taken from that one."""
    base, ndim = call.get("self"), len(call.out.shape)
    if not isinstance(base, torch.Tensor) or base.ndim != ndim:
        return (None,) * ndim
    number, shape = call.number(base), call.out.shape
    return tuple(Extent(n, number, axis) if n == shape[axis] else None for axis, n in enumerate(base.shape))


def pixel_shuffle(call: Call) -> None:
    """Channels become places."""
    pixel_shuffled(call, call["self"], call["upscale_factor"])


def pixel_unshuffle(call: Call) -> None:
    """Places become channels: C x Hr x Wr to C r r x H x W."""
    x, factor, n = call["self"], call["downscale_factor"], call["self"].ndim - 3
    *batch, channels, height, width = x.shape
    divided = call.between((*batch, channels, height // factor, factor, width // factor, factor))
    moved = call.between((*batch, channels, factor, factor, height // factor, width // factor))
    call.add(Reshape(), [call.number(x)], [divided])
    call.add(Permute(order=(*range(n + 1), n + 2, n + 4, n + 1, n + 3)), [divided], [moved])
    call.add(Reshape(), [moved], call.results())


def channel_shuffle(call: Call) -> None:
    """Channels of all groups in turn."""
    x, groups = call["self"], call["groups"]
    batch, channels, *rest = x.shape
    divided = call.between((batch, groups, channels // groups, *rest))
    moved = call.between((batch, channels // groups, groups, *rest))
    origins = (None, Literal(groups), *[None] * (1 + len(rest)))
    call.add(Reshape(origins=origins), [call.number(x)], [divided])
    call.add(Permute(order=(0, 2, 1, *range(3, 3 + len(rest)))), [divided], [moved])
    call.add(Reshape(), [moved], call.results())


def im2col(call: Call) -> None:
    """Each channel's windows side by side."""
    columns(call, call["self"])


def col2im(call: Call) -> None:
    """Windows of each channel added up in their places."""
    from_columns(call, call["self"])


def windows(call: Call) -> None:
    """Tensor.unfold: windows of one axis along a new last one."""
    call.simple(Pool(axes=(axis_of(call["dimension"], call["self"].ndim),)), "self")


def rebound(call: Call) -> None:
    """A tensor becomes another name for what a second one holds."""
    source = call.get("source")
    if isinstance(source, torch.Tensor) and source.shape == call.out.shape:
        call.simple(Elementwise(), "source")
    else:
        call.add(Opaque(reason="it takes over memory that is not followed"), call.operands(), call.results())
