"""Runs a network as if channels were gone: left out wherever positions are summed, averaged or compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import torch
from numpy.typing import NDArray
from torch.utils._pytree import tree_leaves

from prunekit.core.graph.structure import ChannelStructure, staying
from prunekit.core.pruning.plan import PrunePlan
from prunekit.core.pruning.reference import Call, Place, Reference
from prunekit.core.recording import axes_of
from prunekit.plugins.backends.pytorch.call import signature, tensors_in
from prunekit.plugins.backends.pytorch.forward import to_numpy
from prunekit.plugins.backends.pytorch.watching import Watching, decides, draws, own_array


def masked(
    network: torch.nn.Module,
    graph: ChannelStructure,
    plan: PrunePlan,
    forward: Callable[[], Any],
    reference: Reference | None = None,
) -> Any:
    """What the network returns when everything that the plan removes has no effect.

    Args:
        network: The whole one.
        graph: Its structure.
        plan: What goes.
        forward: Calls the network.
        reference: Filled for the run of the pruned network, if one is given.
    """
    keep = plan.flags(graph)
    masks, hooks = dict[Call, list[_Masked]](), []
    for number, mask in enumerate(graph.masks):
        operator, stays = graph.operators.operators[mask.operator], torch.from_numpy(staying(mask.units, keep))
        if stays.all():
            continue
        if operator.call < 0:  # a module that counts as one operator
            module = network.get_submodule(operator.module)
            hooks.append(module.register_forward_pre_hook(partial(_mask_input, mask.axis, stays)))
        else:
            masks.setdefault((operator.name, operator.call), []).append(_Masked(number, mask.axis, stays))
    mode = _Masking(masks, reference)
    try:
        with mode.over(network):
            outputs = forward()
    finally:
        for hook in hooks:
            hook.remove()
    if reference is not None:
        reference.masked_run_ends(mode.places)
    return outputs


class _Masked(NamedTuple):
    """A mask of the graph by its number there, as one call meets it."""

    number: int
    axis: int
    stays: torch.Tensor


def _mask_input(axis: int, stays: torch.Tensor, module: torch.nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    x, *rest = inputs
    return (torch.where(_along(axis, x.ndim, stays.to(x.device)), x, 0), *rest)


def _along(axis: int, ndim: int, values: torch.Tensor) -> torch.Tensor:
    """A vector laid along one axis of ``ndim``."""
    return values.reshape([-1 if k == axis else 1 for k in range(ndim)])


class _Masking(Watching):
    """Replaces the operators that have to leave something out; notes what the pruned network is held against."""

    def __init__(self, masks: Mapping[Call, Sequence[_Masked]], reference: Reference | None) -> None:
        super().__init__(reference)
        self._masks, self._reference = masks, reference

    def operator(self, call: Call, place: Place, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        masks = self._masks.get(call, ())
        if self._reference is not None and self._reference.lively:
            _follow_statistics(func, args)
        out = self._run(call[0], masks, func, args, kwargs)
        if self._reference is not None and self._reference.follows(call):
            self._note(self._reference, call, place, masks, func, args, out)
        return out

    def _run(
        self, name: str, masks: Sequence[_Masked], func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        if not masks:
            return func(*args, **kwargs)
        out = _without(name, func, list(args), kwargs, {mask.axis: mask.stays for mask in masks})
        if name in _SUMMING:
            return out
        laid_out = func(*args, **kwargs)  # what runs next depends on how the numbers lie in memory
        for mine, theirs in zip(tree_leaves(laid_out), tree_leaves(out), strict=True):
            if isinstance(mine, torch.Tensor) and mine.shape == theirs.shape:
                mine.copy_(theirs)
        return laid_out

    def _note(
        self, reference: Reference, call: Call, place: Place, masks: Sequence[_Masked], func: Any, args: Any, out: Any
    ) -> None:
        results = list(tensors_in(out))
        if reference.compares(call):
            reference.note(call, place, _cut(reference, call, 0, results[0]))
        for mask in masks:
            reference.note_effect(mask.number, place, *_contributions(call[0], args, mask.axis, results[0]))
        drawn = draws(func)
        if drawn or decides(args, results):
            for number, tensor in enumerate(results):
                if drawn or not tensor.is_floating_point():
                    reference.note_decision(call, place, number, _cut(reference, call, number, tensor))


def _follow_statistics(func: Any, args: tuple[Any, ...]) -> None:
    """Let a normalization's running statistics be about those of its input: with others, many channels pass no ReLU."""
    given = dict(zip(signature(func).arguments, args, strict=False))
    mean, var = given.get("running_mean"), given.get("running_var")
    if isinstance(mean, torch.Tensor) and isinstance(var, torch.Tensor) and not given.get("training", False):
        x = given["input"]
        factor = torch.linspace(0.8, 1.2, len(var), dtype=var.dtype, device=var.device)  # one for each channel
        middle = x.mean()
        mean.copy_(middle * factor)
        var.copy_((x.square().mean() - middle.square()).clamp_min(1e-6) * factor.flip(0))


def _cut(reference: Reference, call: Call, result: int, tensor: torch.Tensor) -> NDArray[Any]:
    """What stays of an operator's result, in an array of its own."""
    stays = list(reference.stays(call, result))
    for axis, places in stays:
        tensor = tensor.index_select(axis, torch.from_numpy(places).to(tensor.device))
    return to_numpy(tensor) if stays else own_array(tensor)


def _contributions(name: str, args: Any, axis: int, out: torch.Tensor) -> tuple[NDArray[Any], float]:
    """Mean squares of what each position along an axis of the operand contributes to the result, and of the result."""
    operand = int(name.rstrip("_") in _ADDING)  # what is added comes first
    powers = _mean_squares(args[operand], axis)
    if name.rstrip("_") not in (*_ADDING, "mm", "bmm", "mv", "dot", "vdot", "convolution"):
        return powers, float(powers.sum())
    weight = args[operand + 1]
    if name != "convolution":
        powers = powers * _mean_squares(weight, max(weight.ndim - 2, 0))
    elif args[8] == 1:
        powers = powers * _mean_squares(weight, 0 if args[6] else 1) * weight[0, 0].numel()
    return powers, float(_squares(_sample(out, None)).mean())


def _mean_squares(x: torch.Tensor, axis: int) -> NDArray[Any]:
    """Of each position along an axis, over some of all others."""
    squares = _squares(_sample(x, axis).movedim(axis, 0))
    powers: NDArray[Any] = to_numpy(squares.reshape(len(squares), -1).mean(1))
    return powers


def _squares(x: torch.Tensor) -> torch.Tensor:
    return (x.abs() if x.is_complex() else x).double().square()


def _sample(x: torch.Tensor, axis: int | None) -> torch.Tensor:
    """Every so many positions along all other axes: enough to see whether there is anything, and cheaper than all."""
    return x[tuple(slice(None, None, 1 if k == axis else max(size // _SAMPLED, 1)) for k, size in enumerate(x.shape))]


_SAMPLED = 8
"""At least so many positions along an axis are looked at."""


_SUMMING = ("convolution", "addmm", "mm", "bmm", "baddbmm", "mv", "dot", "vdot", "aminmax")
"""Operators whose results lie in memory as they do whatever lies in their inputs."""


def _without(name: str, func: Any, args: list[Any], kwargs: dict[str, Any], axes: dict[int, torch.Tensor]) -> Any:
    """The operator over what stays."""
    if name == "convolution" and list(axes) == [1]:
        weight, transposed, groups = args[1], args[6], args[8]
        if groups == 1 and not transposed and weight.numel() < args[0].numel():  # the same, and cheaper
            args[1] = weight.masked_fill(~_along(1, weight.ndim, axes[1].to(weight.device)), 0)
            return func(*args, **kwargs)
    operand = 1 if name.rstrip("_") in _ADDING else 0  # what is added comes first
    x = args[operand]
    if operand and name.endswith("_"):
        args[0] = args[0].clone()  # it is written into, and the caller runs the operator once more
    stays = torch.ones([1] * x.ndim, dtype=torch.bool, device=x.device)
    for axis, flags in axes.items():
        stays = stays & _along(axis, x.ndim, flags.to(x.device))
    if name in ("native_layer_norm", "_fused_rms_norm"):
        pooled = list(range(x.ndim - len(args[1]), x.ndim))
        return _normalized(x, stays, pooled, args[2], args[3] if name[0] == "n" else None, args[-1], name[0] == "n")
    if name == "native_group_norm":
        return _group_normalized(args, stays)
    if name == "native_batch_norm":
        pooled = [k for k in range(x.ndim) if k != 1]
        gain, shift = (None if t is None else _along(1, x.ndim, t) for t in args[1:3])
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


_ADDING = ("addmm", "_addmm_activation", "baddbmm", "addbmm", "addmv")

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
    out = out if gain is None else out * _along(1, x.ndim, gain)
    out = out if shift is None else out + _along(1, x.ndim, shift)
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
