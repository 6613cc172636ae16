"""Runs a pruned network beside the masked run of the whole one, operator by operator."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from mindspore import Tensor, nn
from numpy.typing import NDArray

from prunekit.core.data.nested import map_leaves
from prunekit.core.pruning.call_places import Call, Place
from prunekit.core.pruning.reference import Reference
from prunekit.plugins.backends.mindspore.dispatch import Dispatched
from prunekit.plugins.backends.mindspore.forward import as_array, tensors_in
from prunekit.plugins.backends.mindspore.watching import Watching


def compared(network: nn.Cell, reference: Reference, forward: Callable[[], Any]) -> Any:
    """What the network returns when it draws and decides as the masked run did; the reference gets the differences."""
    watch = _Comparing(reference)
    with watch.over(network):
        outputs = forward()
    reference.compared_run_ends(watch.places.of_modules)
    return outputs


class _Comparing(Watching):
    """Puts the masked run's draws and decisions in place of the network's own, and compares results."""

    def __init__(self, reference: Reference) -> None:
        super().__init__(reference)
        self._reference = reference
        self._hoard: list[Any] = []

    def operator(self, call: Call, place: Place, operator: Dispatched) -> Any:
        if self._reference.thorough and self._reference.expects(place):  # memory that may be taken next holds no number
            Tensor(np.full(self._reference.shape(place), np.nan, np.float32)) * 1
        out = operator.run(operator.args)
        if self._reference.thorough:
            self._hoard.append(out)  # no memory is used twice
        if decided := self._reference.decisions(place):
            out = _replaced(operator, out, decided)
        if self._reference.expects(place):
            self._reference.compare(place, as_array(next(tensors_in(out))))
        return out


def _replaced(operator: Dispatched, out: Any, decided: Mapping[int, NDArray[Any]]) -> Any:
    """An operator's result with other tensors in it; what it wrote into is written into again."""
    given, others = {id(t) for t in tensors_in(list(operator.args))}, dict[int, Tensor]()
    for number, tensor in enumerate(tensors_in(out)):
        if number in decided:
            other = Tensor(decided[number], dtype=tensor.dtype)
            if id(tensor) in given and other.shape == tensor.shape:
                tensor.assign_value(other)
            else:
                others[id(tensor)] = other
    return map_leaves(lambda leaf: others.get(id(leaf), leaf), out)
