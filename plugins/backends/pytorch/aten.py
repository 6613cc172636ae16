"""What each ATen operator does to channels, in the neutral kinds of ``core.graph``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch.utils._pytree import tree_leaves

from prunekit.core.graph.operators import Kind

if TYPE_CHECKING:
    from prunekit.plugins.backends.pytorch.recorder import Recorder


class Call:
    """One operator as it was dispatched, with its arguments by name."""

    def __init__(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any, recorder: Recorder) -> None:
        self.func, self.out, self._recorder = func, out, recorder
        self.name = func._schema.name.removeprefix("aten::")
        names = [argument.name for argument in func._schema.arguments]
        defaults = {a.name: a.default_value for a in func._schema.arguments if a.has_default_value()}
        self._bound = {**defaults, **dict(zip(names, args, strict=False)), **kwargs}

    def __getitem__(self, name: str) -> Any:
        return self._bound[name]

    def number(self, tensor: torch.Tensor) -> int:
        """The tensor's number in the graph."""
        return self._recorder.number(tensor)

    def operands(self) -> list[int]:
        """All tensors among the arguments."""
        return [self.number(t) for t in tree_leaves(self._bound) if isinstance(t, torch.Tensor)]

    def results(self) -> list[int]:
        """New numbers for all tensors that it returned. Ask for the operands first."""
        return [self._recorder.fresh(t) for t in tree_leaves(self.out) if isinstance(t, torch.Tensor)]

    def written(self) -> list[torch.Tensor]:
        """Tensors among the arguments that the operator wrote into."""
        marked = [a.name for a in self.func._schema.arguments if a.alias_info is not None and a.alias_info.is_write]
        return [t for t in tree_leaves([self._bound.get(name) for name in marked]) if isinstance(t, torch.Tensor)]

    def between(self, shape: Sequence[int]) -> int:
        """A tensor that exists only in the neutral graph, where one operator becomes several."""
        return self._recorder.graph.tensor(tuple(shape))

    def add(self, kind: Kind, inputs: list[int], outputs: list[int], **attributes: Any) -> None:
        """Append one neutral operator."""
        self._recorder.add(kind, self.name, inputs, outputs, **attributes)

    def simple(self, kind: Kind, *names: str, **attributes: Any) -> None:
        """Append one neutral operator over the named arguments, as far as they are tensors."""
        inputs = [self.number(self[name]) for name in names if isinstance(self[name], torch.Tensor)]
        self.add(kind, inputs, self.results(), **attributes)


Rule = Callable[[Call], None]


def pointwise(call: Call) -> None:
    """Any operator that works on each position by itself."""
    operands = call.operands()
    call.add(Kind.ELEMENTWISE, operands, call.results())


def _axis(axis: int, ndim: int) -> int:
    return axis + ndim if axis < 0 else axis


def _axes(axes: int | Sequence[int] | None, ndim: int) -> list[int]:
    if axes is None or axes == []:
        return list(range(ndim))
    return [_axis(axis, ndim) for axis in ([axes] if isinstance(axes, int) else axes)]


def _convolution(call: Call) -> None:
    call.simple(
        Kind.CONVOLUTION, "input", "weight", "bias",
        groups=call["groups"], transposed=call["transposed"], stride=call["stride"][0],
    )  # fmt: skip


def _addmm(call: Call) -> None:
    if call["self"].ndim == 1:
        call.simple(Kind.LINEAR, "mat1", "mat2", "self")
        return
    operands = [call.number(call[name]) for name in ("mat1", "mat2", "self")]
    product = call.between((call["mat1"].shape[0], call["mat2"].shape[1]))
    call.add(Kind.LINEAR, operands[:2], [product])
    call.add(Kind.ELEMENTWISE, [product, operands[2]], call.results())


def _baddbmm(call: Call) -> None:
    a, b, added = (call.number(call[name]) for name in ("batch1", "batch2", "self"))
    product = call.between((*call["batch1"].shape[:2], call["batch2"].shape[2]))
    call.add(Kind.MATMUL, [a, b], [product])
    call.add(Kind.ELEMENTWISE, [product, added], call.results())


def _batch_norm(call: Call) -> None:
    mean = call["running_mean"]
    number = call.number(mean) if isinstance(mean, torch.Tensor) else None
    names = ("input", "weight", "bias", "running_mean", "running_var")
    call.simple(Kind.NORMALIZATION, *names, axis=1, pooled=[], mean=number)


def _layer_norm(call: Call) -> None:
    ndim = call["input"].ndim
    pooled = list(range(ndim - len(call["normalized_shape"]), ndim))
    call.simple(Kind.NORMALIZATION, "input", "weight", "bias", axis=None, pooled=pooled)


def _group_norm(call: Call) -> None:
    groups, channels = call["group"], call["input"].shape[1]
    pooled = [] if groups == channels else [1]
    call.simple(Kind.NORMALIZATION, "input", "weight", "bias", axis=1, pooled=pooled, groups=groups)


def _concat(call: Call) -> None:
    tensors = [t for t in call["tensors"] if t.numel() or t.ndim > 1]  # old torch lets an empty vector pass
    call.add(Kind.CONCAT, [call.number(t) for t in tensors], call.results(), axis=_axis(call["dim"], tensors[0].ndim))


def _stack(call: Call) -> None:
    axis, parts = _axis(call["dim"], call["tensors"][0].ndim + 1), []
    for tensor in call["tensors"]:
        parts.append(call.between((*tensor.shape[:axis], 1, *tensor.shape[axis:])))
        call.add(Kind.RESHAPE, [call.number(tensor)], [parts[-1]])
    call.add(Kind.CONCAT, parts, call.results(), axis=axis)


def _split(call: Call) -> None:
    axis = _axis(call["dim"], call["self"].ndim)
    sizes = [1 if call.name == "unbind" else part.shape[axis] for part in call.out]
    last = call.name in ("split", "unsafe_split")  # by one size; the others are given every size
    call.simple(Kind.SPLIT, "self", axis=axis, sizes=sizes, drop=call.name == "unbind", open=last)


def _slice(call: Call) -> None:
    axis = _axis(call["dim"], call["self"].ndim)
    size = call["self"].shape[axis]
    start, stop, step = slice(call["start"], call["end"], call["step"]).indices(size)
    call.simple(Kind.SLICE, "self", axis=axis, start=start, stop=stop, step=step, drop=False)


def _select(call: Call) -> None:
    axis = _axis(call["dim"], call["self"].ndim)
    index = _axis(call["index"], call["self"].shape[axis])
    call.simple(Kind.SLICE, "self", axis=axis, start=index, stop=index + 1, step=1, drop=True)


def _pad(call: Call) -> None:
    ndim, pad = call["self"].ndim, call["pad"] if call.name == "constant_pad_nd" else call["padding"]
    pads = [(0, 0)] * (ndim - len(pad) // 2) + [(pad[k], pad[k + 1]) for k in range(len(pad) - 2, -1, -2)]
    call.simple(Kind.PAD, "self", pads=pads, constant=call.name == "constant_pad_nd")


def _permute(call: Call) -> None:
    ndim = call["self"].ndim
    order = list(range(ndim))
    if call.name == "permute":
        order = _axes(call["dims"], ndim)
    elif call.name == "t":
        order.reverse()
    else:
        a, b = _axis(call["dim0"], ndim), _axis(call["dim1"], ndim)
        order[a], order[b] = order[b], order[a]
    call.simple(Kind.PERMUTE, "self", order=order)


_OVER = {"sum": "sum", "linalg_vector_norm": "sum"} | dict.fromkeys(("mean", "var", "std", "var_mean"), "statistic")


def _reduce(call: Call) -> None:
    bound = call._bound
    axes = _axes(bound.get("dim"), call["self"].ndim)
    call.simple(
        Kind.REDUCE, "self", axes=axes, keepdim=bool(bound.get("keepdim", False)), over=_OVER.get(call.name, "values")
    )


def _pool(spatial: int) -> Rule:
    def rule(call: Call) -> None:
        name = "input" if "input" in call._bound else "self"
        ndim = call[name].ndim
        call.simple(Kind.POOL, name, axes=list(range(ndim - spatial, ndim)))

    return rule


def _along(call: Call) -> None:
    """Softmax and its like: positions along one axis are mixed."""
    bound = call._bound
    axes = bound.get("dim", bound.get("dims"))
    call.simple(Kind.POOL, "self", axes=_axes(axes, call["self"].ndim))


def _pixel_shuffle(call: Call) -> None:
    x, factor = call["self"], call["upscale_factor"]
    (*batch, channels, height, width), square = x.shape, factor * factor
    n = len(batch)
    split = call.between((*batch, channels // square, factor, factor, height, width))
    moved = call.between((*batch, channels // square, height, factor, width, factor))
    call.add(Kind.RESHAPE, [call.number(x)], [split])
    call.add(Kind.PERMUTE, [split], [moved], order=[*range(n + 1), n + 3, n + 1, n + 4, n + 2])
    call.add(Kind.RESHAPE, [moved], call.results())


def _pixel_unshuffle(call: Call) -> None:
    x, factor = call["self"], call["downscale_factor"]
    *batch, channels, height, width = x.shape
    n = len(batch)
    split = call.between((*batch, channels, height // factor, factor, width // factor, factor))
    moved = call.between((*batch, channels, factor, factor, height // factor, width // factor))
    call.add(Kind.RESHAPE, [call.number(x)], [split])
    call.add(Kind.PERMUTE, [split], [moved], order=[*range(n + 1), n + 2, n + 4, n + 1, n + 3])
    call.add(Kind.RESHAPE, [moved], call.results())


def _channel_shuffle(call: Call) -> None:
    x, groups = call["self"], call["groups"]
    batch, channels, *rest = x.shape
    split = call.between((batch, groups, channels // groups, *rest))
    moved = call.between((batch, channels // groups, groups, *rest))
    call.add(Kind.RESHAPE, [call.number(x)], [split])
    call.add(Kind.PERMUTE, [split], [moved], order=[0, 2, 1, *range(3, 3 + len(rest))])
    call.add(Kind.RESHAPE, [moved], call.results())


def _glu(call: Call) -> None:
    axis = _axis(call["dim"], call["self"].ndim)
    halves = [call.between(call.out.shape), call.between(call.out.shape)]
    size = call.out.shape[axis]
    call.add(Kind.SPLIT, [call.number(call["self"])], halves, axis=axis, sizes=[size, size], drop=False, open=True)
    call.add(Kind.ELEMENTWISE, halves, call.results())


def _same_shape(call: Call) -> None:
    if call.out.shape == call["self"].shape:
        pointwise(call)
    else:
        operands = call.operands()
        call.add(Kind.OPAQUE, operands, call.results(), reason="it reads memory by strides")


def _like(call: Call) -> None:
    """A new tensor that takes every size from another."""
    call.simple(Kind.ELEMENTWISE, "self")


def _new(call: Call) -> None:
    """A new tensor, whose sizes may or may not be computed from those of the tensor at hand."""
    mine, theirs = call.out.shape, call["self"].shape
    axes = [k for k, (a, b) in enumerate(zip(mine, theirs, strict=False)) if a == b and len(mine) == len(theirs)]
    call.simple(Kind.LIKE, "self", axes=axes)


def _repeat(call: Call) -> None:
    """Copies side by side: an axis of its own for the copies, folded in again."""
    x, repeats = call["self"], call["repeats"]
    shape = (1,) * (len(repeats) - x.ndim) + tuple(x.shape)
    split = call.between([n for size in shape for n in (1, size)])
    spread = call.between([n for r, size in zip(repeats, shape, strict=True) for n in (r, size)])
    call.add(Kind.RESHAPE, [call.number(x)], [split])
    call.add(Kind.EXPAND, [split], [spread])
    call.add(Kind.RESHAPE, [spread], call.results())


def _embedding(call: Call) -> None:
    """A row of a table for each index: the table's columns are the channels."""
    row = call.between(call["weight"].shape[1:])
    call.add(
        Kind.SLICE, [call.number(call["weight"])], [row], axis=0, start=0, stop=1, step=1, drop=True
    )  # fmt: skip
    call.add(Kind.EXPAND, [row], call.results())


def _rules() -> dict[str, Rule]:
    names: dict[Rule, str] = {
        pointwise: "clone detach alias _to_copy copy_ lift_fresh hardswish hardswish_ native_dropout fill_ zero_ "
        "bernoulli_ contiguous relu6 hardtanh hardtanh_ where masked_fill "
        "_prelu_kernel",
        _like: "zeros_like ones_like empty_like full_like rand_like randn_like",
        _new: "new_zeros new_ones new_empty new_full new_empty_strided",
        _convolution: "convolution",
        _addmm: "addmm",
        lambda call: call.simple(Kind.LINEAR, "self", "mat2"): "mm",
        lambda call: call.simple(Kind.MATMUL, "self", "mat2"): "bmm",
        _baddbmm: "baddbmm",
        _batch_norm: "native_batch_norm _native_batch_norm_legit _native_batch_norm_legit_no_training "
        "cudnn_batch_norm miopen_batch_norm _batch_norm_with_update _batch_norm_no_update",
        _layer_norm: "native_layer_norm",
        _group_norm: "native_group_norm",
        lambda call: call.simple(Kind.RESHAPE, "self"): "view _unsafe_view reshape unsqueeze squeeze flatten "
        "unsqueeze_ squeeze_ _reshape_alias unflatten",
        lambda call: call.simple(Kind.EXPAND, "self"): "expand",
        _permute: "permute t transpose transpose_",
        _concat: "cat",
        _stack: "stack",
        _split: "split split_with_sizes unbind unsafe_split unsafe_split_with_sizes",
        _slice: "slice",
        _select: "select",
        _pad: "constant_pad_nd reflection_pad1d reflection_pad2d reflection_pad3d replication_pad1d "
        "replication_pad2d replication_pad3d",
        _reduce: "mean sum amax amin max min var std linalg_vector_norm prod logsumexp var_mean",
        _pool(1): "avg_pool1d upsample_linear1d upsample_nearest1d adaptive_avg_pool1d max_pool1d",
        _pool(2): "max_pool2d_with_indices avg_pool2d _adaptive_avg_pool2d adaptive_max_pool2d upsample_nearest2d "
        "upsample_bilinear2d upsample_bicubic2d _upsample_bilinear2d_aa _upsample_bicubic2d_aa mkldnn_max_pool2d "
        "_upsample_nearest_exact2d",
        _pool(3): "max_pool3d_with_indices avg_pool3d _adaptive_avg_pool3d adaptive_max_pool3d upsample_nearest3d "
        "upsample_trilinear3d",
        _along: "_softmax _log_softmax _safe_softmax cumsum cumprod roll flip",
        _pixel_shuffle: "pixel_shuffle",
        _pixel_unshuffle: "pixel_unshuffle",
        _repeat: "repeat",
        _embedding: "embedding",
        _channel_shuffle: "channel_shuffle native_channel_shuffle",
        _glu: "glu",
        _same_shape: "as_strided as_strided_",
    }
    return {name: rule for rule, text in names.items() for name in text.split()}


RULES: dict[str, Rule] = _rules()
