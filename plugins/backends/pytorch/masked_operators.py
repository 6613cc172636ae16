"""Operators over what stays: what goes is left out of sums, means, extremes and statistics."""

from __future__ import annotations

from typing import Any

import torch

from prunekit.core.recording import axes_of


def along(axis: int, ndim: int, values: torch.Tensor) -> torch.Tensor:
    """A vector laid along one axis of ``ndim``."""
    return values.reshape([-1 if k == axis else 1 for k in range(ndim)])


SUMMING = ("convolution", "addmm", "mm", "bmm", "baddbmm", "mv", "dot", "vdot", "aminmax")
"""Operators whose results lie in memory as they do whatever lies in their inputs."""


def without(name: str, func: Any, args: list[Any], kwargs: dict[str, Any], axes: dict[int, torch.Tensor]) -> Any:
    """The operator over what stays."""
    if name == "convolution" and list(axes) == [1]:
        weight, transposed, groups = args[1], args[6], args[8]
        if groups == 1 and not transposed and weight.numel() < args[0].numel():  # the same, and cheaper
            args[1] = weight.masked_fill(~along(1, weight.ndim, axes[1].to(weight.device)), 0)
            return func(*args, **kwargs)
    operand = 1 if name.rstrip("_") in ADDING else 0  # what is added comes first
    x = args[operand]
    if operand and name.endswith("_"):
        args[0] = args[0].clone()  # it is written into, and the caller runs the operator once more
    stays = torch.ones([1] * x.ndim, dtype=torch.bool, device=x.device)
    for axis, flags in axes.items():
        stays = stays & along(axis, x.ndim, flags.to(x.device))
    if name in ("native_layer_norm", "_fused_rms_norm"):
        pooled = list(range(x.ndim - len(args[1]), x.ndim))
        return _normalized(x, stays, pooled, args[2], args[3] if name[0] == "n" else None, args[-1], name[0] == "n")
    if name == "native_group_norm":
        return _group_normalized(args, stays)
    if name == "native_batch_norm":
        pooled = [k for k in range(x.ndim) if k != 1]
        gain, shift = (None if t is None else along(1, x.ndim, t) for t in args[1:3])
        return _normalized(x, stays, pooled, gain, shift, args[7], True)
    if name in ("mean", "var", "std", "var_mean", "std_mean"):
        return _mean(name, func, args, kwargs, stays)
    if name == "aminmax":
        ends = (x.masked_fill(~stays, _number(end, x.dtype)) for end in (torch.inf, -torch.inf))
        least, greatest = (func(end, *args[1:], **kwargs) for end in ends)
        return least[0], greatest[1]
    if name in ("_cdist_forward", "_euclidean_dist"):  # both operands end in the axis that is summed over
        args[1] = args[1].masked_fill(~stays.reshape(-1), 0.0)
    args[operand] = x.masked_fill(~stays, _number(_NEUTRAL.get(name, 0.0), x.dtype))
    out = func(*args, **kwargs)
    if name in ("_log_softmax", "logcumsumexp", "_logcumsumexp"):
        return out.masked_fill(~stays, 0.0)  # what is gone is there still, and must not be infinite
    if name in ("cummax", "cummin"):
        return tuple(each.masked_fill(~stays, 0) for each in out)
    return out


def _number(value: float, dtype: torch.dtype) -> float | int | bool:
    """A number, of which integers have no infinite one, as a type has it."""
    if dtype.is_floating_point or dtype.is_complex:
        return value
    if dtype is torch.bool:
        return value > 0
    limits = torch.iinfo(dtype)
    return int(min(max(value, limits.min), limits.max))


ADDING = ("addmm", "_addmm_activation", "baddbmm", "addbmm", "addmv")

_NEUTRAL = {
    **dict.fromkeys(("amax", "max", "cummax", "logsumexp", "logcumsumexp", "_logcumsumexp"), -torch.inf),
    **dict.fromkeys(("_softmax", "_safe_softmax", "_log_softmax"), -torch.inf),
    **dict.fromkeys(("amin", "min", "cummin"), torch.inf),
    **dict.fromkeys(("prod", "all", "cumprod", "cumprod_"), 1.0),
}
"""What leaves no trace in a result, where that is not zero."""


def _normalized(x: Any, stays: Any, pooled: list[int], gain: Any, shift: Any, eps: Any, centred: bool) -> Any:
    """Normalization by the statistics of what stays; what goes is zero."""
    count = stays.expand(x.shape).sum(pooled, keepdim=True)
    eps = torch.finfo(x.dtype).eps if eps is None else eps
    mean = torch.where(stays, x, 0).sum(pooled, keepdim=True) / count if centred else 0.0
    deviation = torch.where(stays, x - mean, 0)
    scale = (deviation.square().sum(pooled, keepdim=True) / count + eps).rsqrt()
    out = deviation * scale
    out = out if gain is None else out * gain
    out = out if shift is None else out + shift
    return torch.where(stays, out, 0), (mean if centred else scale), scale


def _group_normalized(args: list[Any], stays: Any) -> Any:
    x, gain, shift, groups, eps = args[0], args[1], args[2], args[6], args[7]
    batch, channels = x.shape[:2]
    shape = (batch, groups, channels // groups, -1)
    flags = stays.expand(1, channels, *[1] * (x.ndim - 2)).reshape(1, groups, channels // groups, 1)
    out, mean, scale = _normalized(x.reshape(shape), flags, [2, 3], None, None, eps, True)
    out = out.reshape(x.shape)
    out = out if gain is None else out * along(1, x.ndim, gain)
    out = out if shift is None else out + along(1, x.ndim, shift)
    return torch.where(stays, out, 0), mean.reshape(batch, groups), scale.reshape(batch, groups)


def _mean(name: str, func: Any, args: list[Any], kwargs: dict[str, Any], stays: Any) -> Any:
    """Means and variances over what stays."""
    x, bound = args[0], dict(zip([a.name for a in func._schema.arguments], args, strict=False)) | kwargs
    axes, keepdim = axes_of(bound.get("dim"), x.ndim), bool(bound.get("keepdim", False))
    count = stays.expand(x.shape).sum(axes, keepdim=True)
    mean = torch.where(stays, x, 0).sum(axes, keepdim=True) / count
    if name == "mean":
        return mean if keepdim else mean.sum(axes)
    correction = 1 if bound.get("correction", bound.get("unbiased", 1)) in (None, True) else bound.get("correction", 0)
    var = torch.where(stays, x - mean, 0).square().sum(axes, keepdim=True) / (count - correction)
    out = var.sqrt() if name in ("std", "std_mean") else var
    results = [out, mean] if name in ("var_mean", "std_mean") else [out]
    results = [r if keepdim else r.sum(axes) for r in results]
    return results[0] if len(results) == 1 else tuple(results)
