"""Runs a network as if channels were gone: left out wherever positions are summed, averaged or compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import torch
from numpy.typing import NDArray
from torch.utils._pytree import tree_leaves

from prunekit.core.graph.structure import ChannelStructure
from prunekit.core.pruning.call_places import Call, Place
from prunekit.core.pruning.masked_axes import MaskedAxes, MaskedAxis
from prunekit.core.pruning.plan import PrunePlan
from prunekit.core.pruning.reference import Reference
from prunekit.plugins.backends.pytorch.call import signature, tensors_in
from prunekit.plugins.backends.pytorch.forward import to_numpy
from prunekit.plugins.backends.pytorch.masked_operators import ADDING, SUMMING, along, without
from prunekit.plugins.backends.pytorch.module_tree import named_modules
from prunekit.plugins.backends.pytorch.watching import Watching, decided, own_array


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
    masks = MaskedAxes.of(graph, plan)
    modules, mode = dict(named_modules(network)) if masks.modules else {}, _Masking(masks.calls, reference)
    hooks = [modules[name].register_forward_pre_hook(partial(_mask_input, mask)) for name, mask in masks.modules]
    try:
        with mode.over(network):
            outputs = forward()
    finally:
        for hook in hooks:
            hook.remove()
    if reference is not None:
        reference.masked_run_ends(mode.places.of_modules)
    return outputs


def _mask_input(mask: MaskedAxis, module: torch.nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    x, *rest = inputs
    return (torch.where(along(mask.axis, x.ndim, torch.from_numpy(mask.stays).to(x.device)), x, 0), *rest)


class _Masking(Watching):
    """Replaces the operators that have to leave something out; notes what the pruned network is held against."""

    def __init__(self, masks: Mapping[Call, Sequence[MaskedAxis]], reference: Reference | None) -> None:
        super().__init__(reference)
        self._masks, self._reference = masks, reference

    def operator(self, call: Call, place: Place, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        masks = self._masks.get(call, ())
        if self._reference is not None and self._reference.lively:
            _follow_statistics(func, args)
        out = self._run(call[0], masks, func, args, kwargs)
        if self._reference is not None and self._reference.follows(call):
            results = list(tensors_in(out))
            for mask in masks:
                found = _contributions(call[0], args, mask.axis, results[0])
                self._reference.note_effect(mask.number, place, *found)
            cut = partial(_cut, self._reference, call, results)
            self._reference.note(call, place, cut, decided(func, args, results))
        return out

    def _run(
        self, name: str, masks: Sequence[MaskedAxis], func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        if not masks:
            return func(*args, **kwargs)
        out = without(name, func, list(args), kwargs, {mask.axis: torch.from_numpy(mask.stays) for mask in masks})
        if name in SUMMING:
            return out
        laid_out = func(*args, **kwargs)  # what runs next depends on how the numbers lie in memory
        for mine, theirs in zip(tree_leaves(laid_out), tree_leaves(out), strict=True):
            if isinstance(mine, torch.Tensor) and mine.shape == theirs.shape:
                mine.copy_(theirs)
        return laid_out


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


def _cut(reference: Reference, call: Call, results: Sequence[torch.Tensor], result: int) -> NDArray[Any]:
    """What stays of one of an operator's results, in an array of its own."""
    tensor, stays = results[result], list(reference.stays(call, result))
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
