"""ATen operators that take sums, extremes and the like: what each does to channels, in neutral kinds."""

from __future__ import annotations

import torch

from prunekit.core.graph.attributes import Elementwise, Origins, Over, Pool, Reduce
from prunekit.core.recording import axes_of, origins_of
from prunekit.plugins.backends.pytorch.call import Call

_OVER: dict[str, Over] = {
    "sum": "sum", "nansum": "sum", "count_nonzero": "sum", "any": "sum", "linalg_vector_norm": "sum", "norm": "sum",
    "mean": "mean", "var": "mean", "std": "mean", "var_mean": "mean", "std_mean": "mean",
    "prod": "product", "all": "product", "logsumexp": "logsumexp",
    "amax": "extreme", "amin": "extreme", "max": "extreme", "min": "extreme", "aminmax": "extreme",
    "argmax": "rank", "argmin": "rank", "median": "rank", "nanmedian": "rank", "kthvalue": "rank", "mode": "rank",
}  # fmt: skip


def reduce(call: Call) -> None:
    """Sums, means and the like along axes."""
    axes, keepdim = _axes(call)
    origins: Origins = ()
    if call.api_call.name == "rms_norm":  # torch makes it of parts; this one spans the axes whose sizes were passed
        origins = origins_of(list(call.api_call.argument(1, "normalized_shape")))
    power = (call.get("ord", call.get("p")) or 2) if "norm" in call.name else None  # "norm" has no power for 2
    order = float(power) if isinstance(power, (int, float)) else None
    call.simple(Reduce(axes=axes, keepdim=keepdim, over=_over(call), origins=origins, order=order), "self")


def _axes(call: Call) -> tuple[tuple[int, ...], bool]:
    """The axes that an operator is taken over, all unless it names some, and whether they stay."""
    x, keepdim = call["self"], bool(call.get("keepdim", False))
    axes = axes_of(call.get("dim"), x.ndim)
    return axes if x.ndim else (), keepdim  # a number has no axis, and may be asked for its first or last


def _over(call: Call) -> Over:
    """What is taken; a norm by a negative power makes much of what is zero."""
    power = call.get("ord", call.get("p"))
    if call.name in ("linalg_vector_norm", "norm") and isinstance(power, (int, float)) and power < 0:
        return "values"
    return _OVER.get(call.name, "values")


def extreme(call: Call) -> None:
    """Extremes, and where they lie: what is not there can be left out of the first, it would move the second."""
    results = call.results()
    (axes, keepdim), x = _axes(call), call.number(call["self"])
    call.add(Reduce(axes=axes, keepdim=keepdim, over="extreme"), [x], results[:1])
    if results[1:]:
        call.add(Reduce(axes=axes, keepdim=keepdim, over="rank"), [x], results[1:])


def both_extremes(call: Call) -> None:
    """The least and the greatest in one."""
    (axes, keepdim), x = _axes(call), call.number(call["self"])
    call.add(Reduce(axes=axes, keepdim=keepdim, over="extreme"), [x], call.results())


def running(call: Call) -> None:
    """Sums, products and extremes of each position and those before it; of extremes also where they lie."""
    axes, x, results = axes_of(call["dim"], call["self"].ndim), call.number(call["self"]), call.results()
    call.add(Pool(axes=axes, running=True), [x], results[:1])
    if results[1:]:
        call.add(Reduce(axes=axes, keepdim=True, over="rank"), [x], results[1:])


def ranked(call: Call) -> None:
    """Positions in order, or those that come first."""
    call.simple(Pool(axes=axes_of(call.get("dim"), call["self"].ndim), ranked=True), "self")


def along(call: Call) -> None:
    """Positions along some axes are mixed."""
    call.simple(Pool(axes=axes_of(call.get("dim", call.get("dims")), call["self"].ndim)), "self")


def softmax(call: Call) -> None:
    """Shares of a whole along an axis."""
    call.simple(Pool(axes=axes_of(call["dim"], call["self"].ndim), softmax=True), "self")


def renorm(call: Call) -> None:
    """Each part along an axis is made no longer than so much."""
    x, axes = call["self"], axes_of(call["dim"], call["self"].ndim)
    others = tuple(k for k in range(x.ndim) if k not in axes)
    number, lengths = call.number(x), call.between([n if k in axes else 1 for k, n in enumerate(x.shape)])
    call.add(Reduce(axes=others, keepdim=True, over="sum"), [number], [lengths])
    call.add(Elementwise(), [number, lengths], call.results())


def loss(call: Call) -> None:
    """What two tensors differ by, position by position, or taken over all of them."""
    found = [call.get(name) for name in ("self", "target", "weight", "pos_weight")]
    tensors = [tensor for tensor in found if isinstance(tensor, torch.Tensor)]
    operands, results = [call.number(t) for t in tensors], call.results()
    if call["reduction"] == 0:
        return call.add(Elementwise(), operands, results)
    shape = torch.broadcast_shapes(*(tensor.shape for tensor in tensors))
    each = call.between(shape)
    call.add(Elementwise(), operands, [each])
    return call.add(Reduce(axes=tuple(range(len(shape))), keepdim=False, over="values"), [each], results)


def class_loss(call: Call) -> None:
    """What the class has that a target names."""
    x, results = call["self"], call.results()
    axis = min(1, x.ndim - 1)
    axes = (axis,) if call["reduction"] == 0 else tuple(range(x.ndim))
    call.add(Reduce(axes=axes, keepdim=False, over="values"), [call.number(x)], results[:1])
