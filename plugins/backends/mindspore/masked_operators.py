"""Operators over what stays: what goes is left out of sums, means, extremes and statistics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from mindspore import Tensor
from numpy.typing import NDArray

from prunekit.core.graph.attributes import Attributes, Normalization, Pool, Reduce
from prunekit.plugins.backends.mindspore.call import arguments
from prunekit.plugins.backends.mindspore.dispatch import Dispatched
from prunekit.plugins.backends.mindspore.forward import as_array, tensors_in

Flags = NDArray[np.bool_]


def along(axis: int, ndim: int, values: NDArray[Any]) -> NDArray[Any]:
    """A vector laid along one axis of ``ndim``."""
    return values.reshape([-1 if k == axis else 1 for k in range(ndim)])


def filled(x: Tensor, stays: Flags, value: float) -> Tensor:
    """A tensor with another value where something goes."""
    array = as_array(x)
    if array.dtype.kind == "b":
        return Tensor(np.where(stays, array, value > 0))
    if array.dtype.kind in "iu":  # integers have no infinite one
        value = int(min(max(value, np.iinfo(array.dtype).min), np.iinfo(array.dtype).max))
    return Tensor(np.where(stays, array, array.dtype.type(value)))


def without(operator: Dispatched, attributes: Attributes, axes: Mapping[int, Flags]) -> Any:
    """The operator over what stays."""
    x = next(tensors_in(list(operator.args)))
    stays = np.ones([1] * x.ndim, dtype=bool)
    for axis, flags in axes.items():
        stays = stays & along(axis, x.ndim, flags)
    if isinstance(attributes, Normalization):
        return _normalized(operator, attributes, as_array(x), stays)
    if isinstance(attributes, Reduce) and attributes.over == "mean":
        return _averaged(operator, attributes, as_array(x), stays)
    value = 0.0
    if (isinstance(attributes, Pool) and attributes.softmax) or operator.name in ("Cummax", "CumulativeLogsumexp"):
        value = -np.inf
    elif isinstance(attributes, Reduce) and attributes.over in ("extreme", "logsumexp"):
        value = np.inf if "Min" in operator.name else -np.inf
    elif operator.name in ("Cummin", "CumminExt"):
        value = np.inf
    elif operator.name == "CumProd" or (isinstance(attributes, Reduce) and attributes.over == "product"):
        value = 1.0
    args = _with_first(operator.args, filled(x, stays, value))
    if operator.name == "Cdist":  # both operands end in the axis that is summed over
        args = (args[0], filled(args[1], stays.reshape(-1), value), *args[2:])
    return operator.run(args)


def _with_first(args: tuple[Any, ...], x: Tensor) -> tuple[Any, ...]:
    """The arguments with another first tensor."""
    place = next(k for k, value in enumerate(args) if isinstance(value, Tensor))
    return (*args[:place], x, *args[place + 1 :])


def _normalized(operator: Dispatched, attributes: Normalization, x: NDArray[Any], stays: Flags) -> Any:
    """Normalization by the statistics of what stays; what goes is zero."""
    laid_out = operator.run(operator.args)
    outs = laid_out if isinstance(laid_out, (tuple, list)) else (laid_out,)
    _, *vectors = (as_array(t).astype(np.float64) for t in tensors_in(list(operator.args)))
    eps = _epsilon(operator)
    pooled, groups = attributes.pooled, attributes.groups
    values, flags = x.astype(np.float64), np.broadcast_to(stays, x.shape)
    if groups is not None:  # statistics over the channels of each group and all places
        shape = (x.shape[0], groups, -1)
        values, flags, pooled = values.reshape(shape), flags.reshape(shape), (2,)
    count = flags.sum(pooled, keepdims=True)
    mean = np.where(flags, values, 0).sum(pooled, keepdims=True) / np.maximum(count, 1)
    deviation = np.where(flags, values - mean, 0)
    scale = 1 / np.sqrt((deviation**2).sum(pooled, keepdims=True) / np.maximum(count, 1) + eps)
    out = (deviation * scale).reshape(x.shape)
    axis = attributes.axis
    for vector, combine in zip(vectors[:2], (np.multiply, np.add), strict=False):
        out = combine(out, vector if axis is None else along(axis, x.ndim, vector))
    first = Tensor(np.where(stays, out, 0).astype(x.dtype))
    return (first, *outs[1:]) if isinstance(laid_out, (tuple, list)) else first


def _epsilon(operator: Dispatched) -> float:
    """What a normalization adds to the variance: the argument of that name, or the last real number passed."""
    named = arguments(operator)
    found = named.get("epsilon", named.get("eps"))
    return float([a for a in operator.args if isinstance(a, float)][-1] if found is None else found)


def _averaged(operator: Dispatched, attributes: Reduce, x: NDArray[Any], stays: Flags) -> Any:
    """Means, variances and deviations over what stays."""
    axes, keepdim = attributes.axes, attributes.keepdim
    count = np.broadcast_to(stays, x.shape).sum(axes, keepdims=True)
    values = x.astype(np.float64)
    found = np.where(stays, values, 0).sum(axes, keepdims=True) / count
    results = [found]
    if operator.name in ("Var", "Std", "ReduceStd"):
        named = arguments(operator)
        correction = int(named.get("correction", named.get("unbiased", 1)))
        with np.errstate(invalid="ignore", divide="ignore"):  # of a single value there is none
            spread = np.where(stays, values - found, 0).__pow__(2).sum(axes, keepdims=True) / (count - correction)
        spread = spread if operator.name == "Var" else np.sqrt(spread)
        results = [spread, found] if operator.name == "ReduceStd" else [spread]
    first, *others = [Tensor((r if keepdim else r.squeeze(axes)).astype(x.dtype)) for r in results]
    return (first, *others) if others else first
