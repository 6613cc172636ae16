"""ATen operators that compute: what each does to channels, in the neutral kinds of ``core.graph``."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from prunekit.core.graph.attributes import (
    Convolution,
    Does,
    Elementwise,
    Expand,
    Linear,
    Matmul,
    Normalization,
    Opaque,
    Permute,
    Pool,
    Reduce,
    Reshape,
)
from prunekit.core.graph.tracked_sizes import Extent, SizeOrigin
from prunekit.core.recording import axis_of, origin_of, origins_of
from prunekit.core.recording.decompositions import gated, multiplied
from prunekit.plugins.backends.pytorch.call import Call

_TIMES = ("mul", "mul_", "__mul__", "__rmul__", "__imul__", "multiply", "multiply_", "__rdiv__", "__rtruediv__")
_DIVIDED = ("div", "div_", "__truediv__", "__itruediv__", "divide", "divide_", "true_divide")

_ALSO = {"truediv": "div", "multiply": "mul", "subtract": "sub", "clip": "clamp", "floordiv": "floor_divide"}
"""Other names of operators."""

_DOES: dict[str, Does] = {
    **dict.fromkeys(("clone", "alias", "detach", "_to_copy", "contiguous"), "copy"),
    **dict.fromkeys(("add", "add_"), "sum"),
    **dict.fromkeys(("sub", "sub_", "neg"), "difference"),
    **dict.fromkeys(("mul", "mul_"), "product"),
    **dict.fromkeys(("div", "div_"), "quotient"),
}


def pointwise(call: Call) -> None:
    """Any operator that works on each position by itself."""
    operands = call.operands()
    scaled = _scaled(call) if call.name in ("mul", "mul_", "div", "div_") else None
    if call.name in ("add", "add_", "sub", "sub_") and len(operands) == 2:
        operands[1] = multiplied(call, operands[1], call["other"].shape, call.factor(call.api_call.kwargs.get("alpha")))
    entering = call.entering() if scaled is None and _asked_for(call) else ()
    call.add(Elementwise(does=_DOES.get(call.name), scaled=scaled, entering=entering), operands, call.results())


def _asked_for(call: Call) -> bool:
    """Whether the code called the function that this operator is, and a number that it passed may enter the values."""
    called = call.api_call.name.strip("_")
    other_weight = call.api_call.kwargs.get("alpha") is not None
    return call.name.rstrip("_") in (called, called[1:], _ALSO.get(called)) and not other_weight


def _scaled(call: Call) -> tuple[SizeOrigin, float] | None:
    """The power of a size by which the first operand is multiplied."""
    api_call = call.api_call
    if api_call.name == "scaled_dot_product_attention":
        power = _scale_of_attention(call)
        return None if power is None else (power[0], power[1] / 2)  # queries and keys each get the root
    found = next((f for f in map(call.factor, [*api_call.args, *api_call.kwargs.values()]) if f is not None), None)
    if found is None or api_call.name not in (*_TIMES, *_DIVIDED):
        return None
    origin, exponent = found
    return origin, -exponent if api_call.name in _DIVIDED else exponent


def _scale_of_attention(call: Call) -> tuple[SizeOrigin, float] | None:
    """The power of a size by which queries times keys are multiplied: of the code's choice, or d ** -0.5."""
    api_call = call.api_call
    if (passed := api_call.argument(6, "scale")) is not None:
        return call.factor(passed)
    query = api_call.argument(0, "query")
    return Extent(query.shape[-1], call.number(query), query.ndim - 1), -0.5


def convolution(call: Call) -> None:
    """Convolutions of every dimension, transposed or not."""
    api_call, spatial = call.api_call, call["weight"].shape[2:]
    passed = api_call.argument(6, "groups") if api_call.name.startswith("conv") else None
    steps = [(list(call[key]) * len(spatial))[: len(spatial)] for key in ("stride", "padding")]
    windows = enumerate(zip(spatial, *steps, strict=True))
    attributes = Convolution(
        groups=call["groups"],
        transposed=call["transposed"],
        stride=call["stride"][0],
        single=tuple(axis + 2 for axis, window in windows if window == (1, 1, 0)),
        origin=None if passed is None else origin_of(passed),
    )
    call.simple(attributes, "input", "weight", "bias")


def addmm(call: Call) -> None:
    """A linear layer with its bias."""
    if call["self"].ndim == 1:
        call.simple(Linear(), "mat1", "mat2", "self")
        return
    operands = [call.number(call[name]) for name in ("mat1", "mat2", "self")]
    shape = call["mat1"].shape[0], call["mat2"].shape[1]
    product = call.between(shape)
    call.add(Linear(), operands[:2], [product])
    _weighted_sum(call, (product, shape), (operands[2], call["self"].shape))


def mm(call: Call) -> None:
    """A linear layer without bias."""
    call.simple(Linear(), "self", "mat2")


def bmm(call: Call) -> None:
    """Products of matrices, one by one."""
    call.simple(Matmul(), "self", "mat2")


def baddbmm(call: Call) -> None:
    """The same with something added."""
    a, b, added = (call.number(call[name]) for name in ("batch1", "batch2", "self"))
    shape = (*call["batch1"].shape[:2], call["batch2"].shape[2])
    product = call.between(shape)
    call.add(Matmul(), [a, b], [product])
    _weighted_sum(call, (product, shape), (added, call["self"].shape))


Sized = tuple[int, Sequence[int]]
"""A tensor's number and its shape."""


def _weighted_sum(call: Call, product: Sized, added: Sized) -> None:
    """``alpha`` times a product and ``beta`` times what is added to it."""
    passed = call.api_call.kwargs
    terms = [
        multiplied(call, *term, call.factor(passed.get(key))) for term, key in ((product, "alpha"), (added, "beta"))
    ]
    call.add(Elementwise(does="sum"), terms, call.results())


def mv(call: Call) -> None:
    """A matrix times a vector, and something added."""
    matrix, vector = call["self" if call.name == "mv" else "mat"], call["vec"]
    column, product = call.between((len(vector), 1)), call.between((len(matrix), 1))
    call.add(Reshape(), [call.number(vector)], [column])
    call.add(Matmul(), [call.number(matrix), column], [product])
    if call.name == "mv":
        return call.add(Reshape(), [product], call.results())
    flat = call.between((len(matrix),))
    call.add(Reshape(), [product], [flat])
    return call.add(Elementwise(does="sum"), [flat, call.number(call["self"])], call.results())


def dot(call: Call) -> None:
    """Two vectors."""
    other = call["tensor" if call.name == "dot" else "other"]
    column = call.between((len(other), 1))
    call.add(Reshape(), [call.number(other)], [column])
    call.add(Matmul(), [call.number(call["self"]), column], call.results())


def addr(call: Call) -> None:
    """The products of all pairs out of two vectors, added to something."""
    first, second = call["vec1"], call["vec2"]
    column = call.between((len(first), 1))
    call.add(Reshape(), [call.number(first)], [column])
    call.add(Elementwise(), [column, call.number(second), call.number(call["self"])], call.results())


def addbmm(call: Call) -> None:
    """Products of matrices, one by one, added up."""
    a, b, added = (call.number(call[name]) for name in ("batch1", "batch2", "self"))
    shape = (call["batch1"].shape[1], call["batch2"].shape[2])
    products, total = call.between((len(call["batch1"]), *shape)), call.between(shape)
    call.add(Matmul(), [a, b], [products])
    call.add(Reduce(axes=(0,), keepdim=False, over="values"), [products], [total])
    call.add(Elementwise(), [total, added], call.results())


def distances(call: Call) -> None:
    """How far each row of one matrix is from each of another: a sum over the last axis of both."""
    one, other = call["x1"], call["x2"]
    turned = call.between((*other.shape[:-2], other.shape[-1], other.shape[-2]))
    order = (*range(other.ndim - 2), other.ndim - 1, other.ndim - 2)
    call.add(Permute(order=order), [call.number(other)], [turned])
    call.add(Matmul(bilinear=False), [call.number(one), turned], call.results())


def of_matrices(call: Call) -> None:
    """Inverses, decompositions and the like."""
    operands = call.operands()
    call.add(Opaque(reason="every number of it depends on all of them"), operands, call.results())


def attention(call: Call) -> None:
    """Fused attention: softmax(q k^T * scale + mask) v, as its parts; keys may serve several query heads."""
    query, key, value = (call[name] for name in ("query", "key", "value"))
    q, mask = call.number(query), call.get("attn_mask", call.get("attn_bias"))
    k, v = (_shared(call, tensor, query.shape[1]) for tensor in (key, value))
    batch, heads, long = query.shape[:3]
    turned = call.between((batch, heads, key.shape[3], key.shape[2]))
    scores = call.between((batch, heads, long, key.shape[2]))
    call.add(Permute(order=(0, 1, 3, 2)), [k], [turned])
    explicit = call.get("scale") is not None
    call.add(Matmul(implicit_scale=None if explicit else -0.5), [q, turned], [scores])
    if explicit and call.api_call.name == "scaled_dot_product_attention":
        scores = multiplied(call, scores, (batch, heads, long, key.shape[2]), _scale_of_attention(call))
    if isinstance(mask, torch.Tensor):
        masked = call.between((batch, heads, long, key.shape[2]))
        call.add(Elementwise(), [scores, call.number(mask)], [masked])
        scores = masked
    shares = call.between((batch, heads, long, key.shape[2]))
    call.add(Pool(axes=(3,)), [scores], [shares])
    call.add(Matmul(), [shares, v], call.results()[:1])


def _shared(call: Call, tensor: torch.Tensor, heads: int) -> int:
    """Keys or values with as many heads as the queries have."""
    number, (batch, own, *rest) = call.number(tensor), tensor.shape
    if own == heads:
        return number
    shapes = [(batch, own, 1, *rest), (batch, own, heads // own, *rest), (batch, heads, *rest)]
    alone, copied, joined = (call.between(shape) for shape in shapes)
    call.add(Reshape(), [number], [alone])
    call.add(Expand(), [alone], [copied])
    call.add(Reshape(), [copied], [joined])
    return joined


def batch_norm(call: Call) -> None:
    """Statistics of each channel, stored ones or those of the batch."""
    mean = call["running_mean"]
    number = call.number(mean) if isinstance(mean, torch.Tensor) else None
    taken = bool(call.get("training", call.name.endswith(("_legit", "_update"))))
    pooled = tuple(k for k in range(call["input"].ndim) if k != 1) if taken else ()
    names = ("input", "weight", "bias", "running_mean", "running_var")
    call.simple(Normalization(axis=1, pooled=pooled, mean=number), *names)


def layer_norm(call: Call) -> None:
    """Statistics over the last axes."""
    ndim, shape, api_call = call["input"].ndim, call["normalized_shape"], call.api_call
    passed = api_call.argument(1, "normalized_shape") if api_call.name in ("layer_norm", "rms_norm") else None
    origins = origins_of([passed] if isinstance(passed, int) else list(passed)) if passed is not None else ()
    pooled = tuple(range(ndim - len(shape), ndim))
    call.simple(Normalization(axis=None, pooled=pooled, origins=origins), "input", "weight", "bias")


def group_norm(call: Call) -> None:
    """Statistics over the channels of each group."""
    groups, channels = call["group"], call["input"].shape[1]
    passed = call.api_call.argument(1, "num_groups") if call.api_call.name == "group_norm" else None
    pooled = () if groups == channels else (1,)
    origin = None if passed is None else origin_of(passed)
    call.simple(Normalization(axis=1, pooled=pooled, groups=groups, origin=origin), "input", "weight", "bias")


def glu(call: Call) -> None:
    """One half gates the other."""
    gated(call, call["self"], axis_of(call["dim"], call["self"].ndim))


def same_shape(call: Call) -> None:
    """Memory read by strides; harmless where the shape stays."""
    if call.out.shape == call["self"].shape:
        pointwise(call)
    else:
        operands = call.operands()
        call.add(Opaque(reason="it reads memory by strides"), operands, call.results())


def like(call: Call) -> None:
    """A new tensor that takes every size from another."""
    call.simple(Elementwise(), "self")


def weight_norm(call: Call) -> None:
    """A weight as its direction and its length."""
    v, g = call["v"], call["g"]
    axis = axis_of(call["dim"], v.ndim)
    lengths, (out, norms) = call.between(g.shape), (call.results())
    others = tuple(k for k in range(v.ndim) if k != axis)
    call.add(Reduce(axes=others, keepdim=True, over="sum", order=2.0), [call.number(v)], [norms])
    call.add(Elementwise(does="product"), [call.number(g), norms], [lengths])
    call.add(Elementwise(does="product"), [call.number(v), lengths], [out])
