"""ATen operators that compute: what each does to channels, in the neutral kinds of ``core.graph``."""

from __future__ import annotations

from collections.abc import Callable

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
    Origins,
    Over,
    Permute,
    Pool,
    Reduce,
    Reshape,
)
from prunekit.core.graph.tracked_sizes import Extent, SizeOrigin
from prunekit.core.recording import axes_of, axis_of, origin_of, origins_of
from prunekit.core.recording.decompositions import gated
from prunekit.plugins.backends.pytorch.call import Call

_TIMES = ("mul", "mul_", "__mul__", "__rmul__", "__imul__", "multiply", "multiply_")
_DIVIDED = ("div", "div_", "__truediv__", "__itruediv__", "divide", "divide_", "true_divide")

_DOES: dict[str, Does] = {
    **dict.fromkeys(("clone", "alias", "detach", "_to_copy", "contiguous"), "copy"),
    **dict.fromkeys(("add", "add_"), "sum"),
    **dict.fromkeys(("sub", "sub_", "neg"), "difference"),
    **dict.fromkeys(("mul", "mul_", "div", "div_"), "product"),
}


def pointwise(call: Call) -> None:
    """Any operator that works on each position by itself."""
    operands = call.operands()
    scaled = _scaled(call) if call.name in ("mul", "mul_", "div", "div_") else None
    call.add(Elementwise(does=_DOES.get(call.name), scaled=scaled), operands, call.results())


def _scaled(call: Call) -> tuple[SizeOrigin, float] | None:
    """The power of a size by which the first operand is multiplied."""
    api_call = call.api_call
    if api_call.name == "scaled_dot_product_attention" and api_call.argument(6, "scale") is None:
        query = api_call.argument(0, "query")
        width = Extent(query.shape[-1], call.number(query), query.ndim - 1)
        return width, -0.25  # queries and keys, these transposed already, each get the root of d ** -0.5
    found = next((f for f in map(call.factor, [*api_call.args, *api_call.kwargs.values()]) if f is not None), None)
    if found is None or api_call.name not in (*_TIMES, *_DIVIDED):
        return None
    origin, exponent = found
    return origin, -exponent if api_call.name in _DIVIDED else exponent


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
    product = call.between((call["mat1"].shape[0], call["mat2"].shape[1]))
    call.add(Linear(), operands[:2], [product])
    call.add(Elementwise(does="sum"), [product, operands[2]], call.results())


def mm(call: Call) -> None:
    """A linear layer without bias."""
    call.simple(Linear(), "self", "mat2")


def bmm(call: Call) -> None:
    """Products of matrices, one by one."""
    call.simple(Matmul(), "self", "mat2")


def baddbmm(call: Call) -> None:
    """The same with something added."""
    a, b, added = (call.number(call[name]) for name in ("batch1", "batch2", "self"))
    product = call.between((*call["batch1"].shape[:2], call["batch2"].shape[2]))
    call.add(Matmul(), [a, b], [product])
    call.add(Elementwise(), [product, added], call.results())


def attention(call: Call) -> None:
    """Fused attention: softmax(q k^T * scale + mask) v, as its parts; keys may serve several query heads."""
    query, key, value = (call[name] for name in ("query", "key", "value"))
    q, mask = call.number(query), call.get("attn_mask", call.get("attn_bias"))
    k, v = (_shared(call, tensor, query.shape[1]) for tensor in (key, value))
    batch, heads, long = query.shape[:3]
    turned = call.between((batch, heads, key.shape[3], key.shape[2]))
    scores = call.between((batch, heads, long, key.shape[2]))
    call.add(Permute(order=(0, 1, 3, 2)), [k], [turned])
    call.add(Matmul(implicit_scale=-0.5 if call.get("scale") is None else None), [q, turned], [scores])
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


_OVER: dict[str, Over] = {
    "sum": "sum", "linalg_vector_norm": "sum", "mean": "mean", "var": "mean", "std": "mean", "var_mean": "mean",
    "amax": "extreme", "amin": "extreme",
}  # fmt: skip


def reduce(call: Call) -> None:
    """Sums, means and the like along axes."""
    axes, keepdim = axes_of(call.get("dim"), call["self"].ndim), bool(call.get("keepdim", False))
    over: Over = _OVER.get(call.name, "values")
    origins: Origins = ()
    if call.api_call.name == "rms_norm":  # torch makes it of parts; this one spans the axes whose sizes were passed
        origins = origins_of(list(call.api_call.argument(1, "normalized_shape")))
    call.simple(Reduce(axes=axes, keepdim=keepdim, over=over, origins=origins), "self")


def pool(spatial: int) -> Callable[[Call], None]:
    """A rule for operators that mix positions of the last axes."""

    def rule(call: Call) -> None:
        name = "input" if "input" in call else "self"
        ndim = call[name].ndim
        call.simple(Pool(axes=tuple(range(ndim - spatial, ndim))), name)

    return rule


def along(call: Call) -> None:
    """Positions along some axes are mixed."""
    call.simple(Pool(axes=axes_of(call.get("dim", call.get("dims")), call["self"].ndim)), "self")


def softmax(call: Call) -> None:
    """Shares of a whole along an axis."""
    call.simple(Pool(axes=axes_of(call["dim"], call["self"].ndim), softmax=True), "self")


def roi_align(call: Call) -> None:
    """Regions of a map: one entry of the batch for each region."""
    call.simple(Pool(axes=(0, 2, 3)), "input")


def sample(call: Call) -> None:
    """A map read at places that a grid says."""
    call.simple(Pool(axes=(2, 3)), "input")


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
    call.add(Reduce(axes=others, keepdim=True, over="sum"), [call.number(v)], [norms])
    call.add(Elementwise(), [call.number(g), norms], [lengths])
    call.add(Elementwise(), [call.number(v), lengths], [out])
