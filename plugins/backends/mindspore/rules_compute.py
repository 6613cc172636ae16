"""MindSpore's operators that compute: what each does to channels, in the neutral kinds of ``core.graph``."""

from __future__ import annotations

from typing import Any

from mindspore import Tensor

from prunekit.core.graph.attributes import (
    Convolution,
    Does,
    Elementwise,
    Linear,
    Matmul,
    Normalization,
    Permute,
    Reshape,
)
from prunekit.core.graph.tracked_sizes import Attribute, SizeOrigin
from prunekit.core.recording import axis_of, origin_of, origins_of
from prunekit.core.recording.decompositions import gated, multiplied
from prunekit.plugins.backends.mindspore.call import Call

_DOES: dict[str, Does] = {
    **dict.fromkeys(("Cast", "Contiguous", "Identity", "StopGradient", "Clone", "Copy"), "copy"),
    **dict.fromkeys(("Add", "AddExt", "Adds", "InplaceAddExt", "BiasAdd", "AddN"), "sum"),
    **dict.fromkeys(("Sub", "SubExt", "Subs", "Neg", "InplaceSubExt"), "difference"),
    **dict.fromkeys(("Mul", "Muls", "InplaceMul", "InplaceMuls"), "product"),
    **dict.fromkeys(("Div", "Divs", "RealDiv", "InplaceDiv"), "quotient"),
}
_ADDED = ("add", "radd", "sub", "rsub")
_TIMES = ("mul", "__mul__", "__rmul__", "__imul__")
_DIVIDED = ("div", "__truediv__", "__itruediv__")


def pointwise(call: Call) -> None:
    """Any operator that works on each position by itself."""
    operands, does = call.operands(), _DOES.get(call.name)
    if does in ("sum", "difference") and len(operands) == 2:
        operands[1] = multiplied(call, operands[1], call.tensors[1].shape, _weight(call, "alpha"))
    scaled = _scaled(call) if does in ("product", "quotient") else None
    asked = does in ("sum", "difference") and call.api_call.name.strip("_") in _ADDED
    entering = call.entering() if asked and _weight(call, "alpha") is None else ()
    call.add(Elementwise(does=does, scaled=scaled, entering=entering), operands, call.first())


def _scaled(call: Call) -> tuple[SizeOrigin, float] | None:
    """The power of a size by which the first operand is multiplied."""
    api_call = call.api_call
    found = next((f for f in map(call.factor, [*api_call.args, *api_call.kwargs.values()]) if f is not None), None)
    if found is None or api_call.name not in (*_TIMES, *_DIVIDED):
        return None
    origin, exponent = found
    return origin, -exponent if api_call.name in _DIVIDED else exponent


def _weight(call: Call, name: str) -> tuple[SizeOrigin, float] | None:
    """The power of a size that a term is multiplied by; only the number that the code passed is known by itself."""
    return call.factor(call.api_call.kwargs.get(name, call.get(name)))


def like(call: Call) -> None:
    """A new tensor that takes every size from another."""
    call.unary(Elementwise())


def bias_add(call: Call) -> None:
    """A bias: part of the layer where the layer's own cell adds it, else a sum with one number for each channel."""
    if _ends_layer(call):
        call.amend_last(call.number(call["bias"]), call.first())
        return
    x, bias, ndim = call.number(call.x), call.number(call["bias"]), call.x.ndim
    laid = call.between((1, call["bias"].shape[0], *[1] * (ndim - 2)))
    call.add(Reshape(), [bias], [laid])
    call.add(Elementwise(does="sum"), [x, laid], call.first())


def _ends_layer(call: Call) -> bool:
    """Whether the bias belongs to the convolution or linear layer that ran just before it, in the same cell."""
    layer = call.last
    if layer is None or layer.module != call.module or layer.outputs != (call.number(call.x),):
        return False
    own = getattr(call.cell, "weight", None)
    applies_a_weight = isinstance(layer.attributes, (Convolution, Linear))
    return applies_a_weight and len(layer.inputs) == 2 and isinstance(own, Tensor)


def convolution(call: Call) -> None:
    """Convolutions of every dimension, transposed or not; the input of a transposed one's primitive is its first."""
    x, weight = call.tensors[:2]
    groups = int(call.any("groups", "group", default=1))
    spatial = tuple(weight.shape[2:])
    steps = [_per_axis(call.any("stride", "strides", default=1), len(spatial)), _pads(call, len(spatial))]
    windows = enumerate(zip(spatial, *steps, strict=True))
    origin: SizeOrigin | None = None
    if call.api_call.name == "conv2d" and (passed := call.api_call.argument(7, "groups")) is not None:
        origin = origin_of(passed)
    elif isinstance(getattr(call.cell, "group", None), int):  # what the cell was made with is in its primitive
        origin = Attribute(groups, call.module, ("group",))
    inputs = [call.number(t) for t in (x, weight)]
    bias = call.get("bias")
    inputs += [call.number(bias)] if isinstance(bias, Tensor) else []
    attributes = Convolution(
        groups=groups,
        transposed="Transpose" in call.name,
        stride=steps[0][0],
        single=tuple(axis + 2 for axis, window in windows if window == (1, 1, 0)),
        origin=origin,
    )
    call.add(attributes, inputs, call.first())


def _per_axis(value: Any, count: int) -> list[int]:
    """One number for each spatial axis, of one for all or of a tuple that may begin with batch and channels."""
    found = [value] * count if isinstance(value, int) else list(value)
    return [int(n) for n in found[-count:]]


def _pads(call: Call, count: int) -> list[int]:
    """Rows put before each spatial axis; what "same" puts there matters only to wider kernels."""
    mode = str(call.any("pad_mode", default="pad")).lower()
    if mode not in ("pad", "0") or (pads := call.any("pad", "padding")) is None:
        return [0] * count
    pads = [pads] * 2 * count if isinstance(pads, int) else list(pads)
    return [int(n) for n in (pads[::2] if len(pads) == 2 * count else pads)][:count]


def matmul(call: Call) -> None:
    """A linear layer where the second operand is a matrix, else products of matrices, one by one."""
    a, b = call.tensors[:2]
    if 1 in (a.ndim, b.ndim):
        return _of_vectors(call, a, b)
    left = _turned(call, a, bool(call.get("transpose_a", False)))
    right = _turned(call, b, bool(call.get("transpose_b", False)))
    return call.add(Linear() if b.ndim == 2 else Matmul(), [left, right], call.first())


def _of_vectors(call: Call, a: Any, b: Any) -> None:
    """The same of a row, a column or both, which have no axis for what there is one of."""
    left, right = call.number(a), call.number(b)
    if b.ndim == 2:
        return call.add(Linear(), [left, right], call.first())
    shape = (*b.shape[:-2], 1, b.shape[-1])
    if b.ndim == 1:
        shape = (*a.shape[:-1], 1) if a.ndim > 1 else (1, 1)
        right = call.between((*b.shape, 1))
        call.add(Reshape(), [call.number(b)], [right])
    product = call.between(shape)
    call.add(Matmul(), [left, right], [product])
    return call.add(Reshape(), [product], call.first())


def outer(call: Call) -> None:
    """The products of all pairs out of two vectors."""
    first, second = call.tensors[:2]
    column = call.between((first.shape[0], 1))
    call.add(Reshape(), [call.number(first)], [column])
    call.add(Elementwise(does="product"), [column, call.number(second)], call.first())


def distances(call: Call) -> None:
    """How far each row of one matrix is from each of another: a sum over the last axis of both."""
    one, other = call["x1"], call["x2"]
    call.add(Matmul(bilinear=False), [call.number(one), _turned(call, other, True)], call.first())


def dense(call: Call) -> None:
    """A linear layer with the weight (out, in)."""
    inputs = [call.number(call["input"]), _turned(call, call["weight"], True)]
    if isinstance(call.get("bias"), Tensor):
        inputs.append(call.number(call["bias"]))
    call.add(Linear(), inputs, call.first())


def addmm(call: Call) -> None:
    """A product and something added to it."""
    a, b = call.any("mat1", "batch1"), call.any("mat2", "batch2")
    shape, added = (*a.shape[:-1], b.shape[-1]), call["input"]
    product = call.between(shape)
    call.add(Linear() if b.ndim == 2 else Matmul(), [call.number(a), call.number(b)], [product])
    product = multiplied(call, product, shape, _weight(call, "alpha"))
    added = multiplied(call, call.number(added), added.shape, _weight(call, "beta"))
    call.add(Elementwise(does="sum"), [product, added], call.first())


def _turned(call: Call, matrix: Any, turned: bool) -> int:
    """The number of a matrix, or of that with its last two axes exchanged."""
    number = call.number(matrix)
    if not turned:
        return number
    order = (*range(matrix.ndim - 2), matrix.ndim - 1, matrix.ndim - 2)
    other = call.between([matrix.shape[k] for k in order])
    call.add(Permute(order=order), [number], [other])
    return other


def batch_norm(call: Call) -> None:
    """Statistics of each channel, stored ones or those of the batch."""
    x, *parts = call.tensors
    taken = call.any("is_training", "training", default=False)
    pooled = tuple(k for k in range(x.ndim) if k != 1) if taken else ()
    numbers = [call.number(t) for t in (x, *parts)]
    mean = numbers[3] if len(numbers) > 3 else None
    call.add(Normalization(axis=1, pooled=pooled, mean=mean), numbers, call.first())


def layer_norm(call: Call) -> None:
    """Statistics over the last axes."""
    x, *parts = call.tensors
    begin = call.get("begin_norm_axis")
    if begin is None:
        begin = x.ndim - len(call["normalized_shape"])
    passed = call.api_call.argument(1, "normalized_shape") if call.api_call.name == "layer_norm" else None
    origins = origins_of(passed) if isinstance(passed, (list, tuple)) else ()
    pooled = tuple(range(axis_of(int(begin), x.ndim), x.ndim))
    if not origins and (held := getattr(call.cell, "normalized_shape", None)) is not None:
        origins = origins_of(list(held))
    numbers = [call.number(t) for t in (x, *parts)]
    call.add(Normalization(axis=None, pooled=pooled, origins=origins), numbers, call.first())


def group_norm(call: Call) -> None:
    """Statistics over the channels of each group."""
    x, *parts = call.tensors
    groups = int(call["num_groups"])
    passed = call.api_call.argument(1, "num_groups") if call.api_call.name == "group_norm" else None
    numbers = [call.number(t) for t in (x, *parts)]
    pooled = () if groups == x.shape[1] else (1,)
    origin = None if passed is None else origin_of(passed)
    call.add(Normalization(axis=1, pooled=pooled, groups=groups, origin=origin), numbers, call.first())


def glu(call: Call) -> None:
    """One half gates the other."""
    gated(call, call.x, axis_of(int(call["axis"]), call.x.ndim))
