"""Runs a pruned network beside the masked run of the whole one, operator by operator."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from numpy.typing import NDArray

from prunekit.core.data.nested import map_leaves
from prunekit.core.pruning.call_places import Call, Place
from prunekit.core.pruning.reference import Reference
from prunekit.plugins.backends.pytorch.call import signature, tensors_in
from prunekit.plugins.backends.pytorch.forward import to_numpy
from prunekit.plugins.backends.pytorch.watching import Watching


def compared(network: torch.nn.Module, reference: Reference, forward: Callable[[], Any]) -> Any:
    """What the network returns when it draws and decides as the masked run did; the reference gets the differences."""
    mode = _Comparing(reference)
    with mode.over(network):
        outputs = forward()
    reference.compared_run_ends(mode.places.of_modules)
    return outputs


class _Comparing(Watching):
    """Puts the masked run's draws and decisions in place of the network's own, and compares results."""

    def __init__(self, reference: Reference) -> None:
        super().__init__(reference)
        self._reference = reference
        self._hoard: list[Any] = []

    def operator(self, call: Call, place: Place, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if self._reference.thorough and self._reference.expects(place):  # memory that may be taken next holds no number
            torch.full(self._reference.shape(place), torch.nan)
        out = func(*args, **kwargs)
        if self._reference.thorough:
            self._hoard.append(out)  # no memory is used twice
        if decided := self._reference.decisions(place):
            out = _replaced(func, out, decided)
        if self._reference.expects(place):
            self._reference.compare(place, to_numpy(next(tensors_in(out))))
        return out


def _replaced(func: Any, out: Any, decided: Mapping[int, NDArray[Any]]) -> Any:
    """An operator's result with other tensors in it; what it wrote into is written into again."""
    others: dict[int, torch.Tensor] = {}
    for number, tensor in enumerate(tensors_in(out)):
        if number in decided:
            other = torch.from_numpy(decided[number]).to(tensor.device, tensor.dtype)
            fits = signature(func).written and other.shape == tensor.shape
            others[id(tensor)] = tensor.copy_(other) if fits else other
    return map_leaves(lambda leaf: others.get(id(leaf), leaf) if isinstance(leaf, torch.Tensor) else leaf, out)
