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
from prunekit.plugins.backends.pytorch.call import signature, tensors_in
from prunekit.plugins.backends.pytorch.forward import to_numpy
from prunekit.plugins.backends.pytorch.masked_operators import ADDING, SUMMING, along, without
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
    return (torch.where(along(axis, x.ndim, stays.to(x.device)), x, 0), *rest)


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
        out = without(name, func, list(args), kwargs, {mask.axis: mask.stays for mask in masks})
        if name in SUMMING:
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
        x = _sample(given["input"], None)
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
    operand = int(name.rstrip("_") in ADDING)  # what is added comes first
    powers = _mean_squares(args[operand], axis)
    if name.rstrip("_") not in (*ADDING, "mm", "bmm", "mv", "dot", "vdot", "convolution"):
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
