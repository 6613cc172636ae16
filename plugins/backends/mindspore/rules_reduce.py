"""MindSpore's operators that take sums, extremes and the like: what each does to channels, in neutral kinds."""

from __future__ import annotations

from prunekit.core.graph.attributes import Elementwise, Opaque, Over, Pool, Reduce
from prunekit.core.recording import axes_of
from prunekit.plugins.backends.mindspore.call import Call

_OVER: dict[str, Over] = {
    **dict.fromkeys(("ReduceSum", "SumExt", "LpNormV2", "LpNorm", "Norm", "LinalgVectorNorm", "Nansum"), "sum"),
    **dict.fromkeys(("CountNonZero", "ReduceAny"), "sum"),
    **dict.fromkeys(("ReduceMean", "MeanExt", "Var", "Std"), "mean"),
    **dict.fromkeys(("ReduceProd", "ProdExt", "ReduceAll"), "product"),
    **dict.fromkeys(("ReduceMax", "ReduceMin", "AMax", "AMin", "Max", "Min"), "extreme"),
    **dict.fromkeys(("ArgMaxExt", "ArgMinExt", "Argmax", "Argmin"), "rank"),
    "LogSumExp": "logsumexp",
}


def reduce(call: Call) -> None:
    """Sums, means and the like along axes."""
    axes, keepdim = _axes(call)
    power = call.any("ord", "p", default=getattr(call.primitive, "p", 2)) if "Norm" in call.name else None
    order = float(power) if isinstance(power, (int, float)) else None
    call.unary(Reduce(axes=axes, keepdim=keepdim, over=_over(call), order=order))


def _axes(call: Call) -> tuple[tuple[int, ...], bool]:
    """The axes that an operator is taken over, all unless it names some, and whether they stay."""
    found = call.any("axis", "dim", default=getattr(call.primitive, "axis", None))
    axes = axes_of(list(found) if isinstance(found, tuple) else found, call.x.ndim)
    kept = call.any("keep_dims", "keepdim", "keepdims", default=getattr(call.primitive, "keep_dims", False))
    before, after = call.x.ndim, call.out_of(0).ndim
    if before - after not in (0, len(axes)) or (kept and after != before):
        return tuple(range(before)), False  # of everything, whatever the arguments are called
    return axes if before else (), bool(kept)


def _over(call: Call) -> Over:
    """What is taken; a norm by a negative power makes much of what is zero."""
    power = call.any("ord", "p", default=getattr(call.primitive, "p", 2))
    if "Norm" in call.name and isinstance(power, (int, float)) and power < 0:
        return "values"
    return _OVER.get(call.name, "values")


def extreme_after_place(call: Call) -> None:
    """Where the extremes along an axis lie, and these: what is not there can be left out of the second alone."""
    _extreme(call, 1)


def extreme_before_place(call: Call) -> None:
    """The extremes along an axis, and where these lie."""
    _extreme(call, 0)


def _extreme(call: Call, values: int) -> None:
    x, results, (axes, keepdim) = call.number(call.x), call.results(), _axes(call)
    call.add(Reduce(axes=axes, keepdim=keepdim, over="extreme"), [x], [results[values]])
    call.add(Reduce(axes=axes, keepdim=keepdim, over="rank"), [x], [results[1 - values]])


def ranking(call: Call) -> None:
    """A place that is found by comparing all, and its number."""
    x, results, (axes, keepdim) = call.number(call.x), call.results(), _axes(call)
    call.add(Reduce(axes=axes, keepdim=keepdim, over="rank"), [x], results)


def deviation(call: Call) -> None:
    """The standard deviation and the mean in one."""
    axes, keepdim = axes_of(call["axis"], call.x.ndim), bool(call["keep_dims"])
    call.add(Reduce(axes=axes, keepdim=keepdim, over="mean"), [call.number(call.x)], call.results())


def along(call: Call) -> None:
    """Positions along some axes are mixed."""
    call.unary(Pool(axes=axes_of(call.any("axis", "dim", "dims"), call.x.ndim)))


def softmax(call: Call) -> None:
    """Shares of a whole along an axis."""
    call.unary(Pool(axes=axes_of(call.any("axis", "dim"), call.x.ndim), softmax=True))


def running(call: Call) -> None:
    """Sums, products and extremes of each position and those before it; of extremes also where they lie."""
    x, results = call.number(call.x), call.results()
    axes = axes_of(call.any("axis", "dim"), call.x.ndim)
    call.add(Pool(axes=axes, running=True), [x], results[:1])
    if results[1:]:
        call.add(Reduce(axes=axes, keepdim=True, over="rank"), [x], results[1:])


def ranked(call: Call) -> None:
    """Positions in order, or those that come first, and where they lay."""
    axis = call.any("axis", "dim", default=-1)
    call.add(Pool(axes=axes_of(axis, call.x.ndim), ranked=True), [call.number(call.x)], call.results())


def renorm(call: Call) -> None:
    """Each part along an axis is made no longer than so much."""
    x, axes = call.x, axes_of(int(call["dim"]), call.x.ndim)
    others = tuple(k for k in range(x.ndim) if k not in axes)
    number, lengths = call.number(x), call.between([n if k in axes else 1 for k, n in enumerate(x.shape)])
    call.add(Reduce(axes=others, keepdim=True, over="sum"), [number], [lengths])
    call.add(Elementwise(), [number, lengths], call.first())


def l2_normalize(call: Call) -> None:
    """Unit length along axes."""
    x, axes = call.number(call.x), axes_of(call["axis"], call.x.ndim)
    lengths = call.between([1 if axis in axes else size for axis, size in enumerate(call.x.shape)])
    call.add(Reduce(axes=axes, keepdim=True, over="sum", order=2.0), [x], [lengths])
    call.add(Elementwise(does="product"), [x, lengths], call.first())


def loss(call: Call) -> None:
    """What two tensors differ by, position by position, or taken over all of them."""
    operands, ndim = call.operands(), call.x.ndim
    if call.out_of(0).shape == call.x.shape:
        return call.add(Elementwise(), operands, call.first())
    each = call.between(call.x.shape)
    call.add(Elementwise(), operands, [each])
    return call.add(Reduce(axes=tuple(range(ndim)), keepdim=False, over="values"), [each], call.first())


def class_loss(call: Call) -> None:
    """What the class has that a target names."""
    axes = tuple(range(call.x.ndim)) if call.out_of(0).ndim == 0 else (min(1, call.x.ndim - 1),)
    call.unary(Reduce(axes=axes, keepdim=False, over="values"))


def by_values(call: Call) -> None:
    """Which places come out depends on what is there."""
    operands = call.operands()
    call.add(Opaque(reason="which places it takes depends on what they hold"), operands, call.results())


def of_matrices(call: Call) -> None:
    """Inverses, decompositions and the like."""
    operands = call.operands()
    call.add(Opaque(reason="every number of it depends on all of them"), operands, call.results())
