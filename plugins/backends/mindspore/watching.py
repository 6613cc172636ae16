"""Knows of every operator that a network runs which call it is, in all and in its cell; for the runs of the proof."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from mindspore import Tensor, nn

from prunekit.core.pruning.call_places import Call, CallPlaces, Place
from prunekit.core.pruning.reference import Reference
from prunekit.plugins.backends.mindspore.dispatch import ONE_AT_A_TIME, Dispatched, dispatching
from prunekit.plugins.backends.mindspore.forward import evaluating, tensors_in, training
from prunekit.plugins.backends.mindspore.recurrent import unfused
from prunekit.plugins.backends.mindspore.seeding import seeded

_DRAWS = re.compile(r"Rand|Dropout|Bernoulli|Multinomial|StandardNormal|StandardLaplace|Uniform|^Normal|Poisson|^Gamma")


class Watching(ABC):
    """Hands every operator on with its call number and its place.

    Args:
        reference: Says in which mode the network runs; without one, in evaluation.

    Attributes:
        places: Counts the calls.
    """

    def __init__(self, reference: Reference | None) -> None:
        self.places = CallPlaces(reference.calls if reference is not None else {})
        self._training = reference is not None and reference.training

    @abstractmethod
    def operator(self, call: Call, place: Place, operator: Dispatched) -> Any:
        """Run an operator and return its result."""

    def _dispatched(self, operator: Dispatched) -> Any:
        return self.operator(*self.places.count(operator.name), operator)

    @contextmanager
    def over(self, network: nn.Cell) -> Iterator[None]:
        """Inside the block the network runs under this watch; the caller's draws are left alone."""
        names, places = {id(cell): name for name, cell in network.cells_and_names()}, self.places
        with (
            ONE_AT_A_TIME,
            training(network) if self._training else evaluating(network),
            unfused(),
            seeded(0),
            cells_followed(lambda cell: places.enter(names.get(id(cell))), lambda *_: places.leave()),
            dispatching(self._dispatched),
        ):
            yield


@contextmanager
def cells_followed(enter: Callable[[nn.Cell], None], leave: Callable[[nn.Cell, Any, Any], None]) -> Iterator[None]:
    """Inside the block it is told which cell's forward begins, and which one has ended: with None, where it failed."""
    plain = nn.Cell.__call__

    def call(cell: nn.Cell, *args: Any, **kwargs: Any) -> Any:
        enter(cell)
        out = None
        try:
            out = plain(cell, *args, **kwargs)
            return out
        finally:
            leave(cell, (args, kwargs), out)

    nn.Cell.__call__ = call
    try:
        yield
    finally:
        nn.Cell.__call__ = plain


def decided(operator: Dispatched, results: Sequence[Tensor]) -> list[int]:
    """Numbers of the results that an operator drew, or that it made of real numbers as indices or truth values."""
    if _DRAWS.search(operator.name) is not None:
        return list(range(len(results)))
    other = [number for number, tensor in enumerate(results) if not tensor.is_floating_point()]
    return other if other and any(t.is_floating_point() for t in tensors_in(list(operator.args))) else []
