"""Knows of every operator that a network runs which call it is, in all and in its cell; for the runs of the proof."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from mindspore import Tensor, nn

from prunekit.core.pruning.reference import Call, Place, Reference
from prunekit.plugins.backends.mindspore.dispatch import ONE_AT_A_TIME, Dispatched, dispatching
from prunekit.plugins.backends.mindspore.forward import evaluating, tensors_in, training
from prunekit.plugins.backends.mindspore.recurrent import unfused
from prunekit.plugins.backends.mindspore.seeding import seeded

_DRAWS = re.compile(r"Rand|Dropout|Bernoulli|Multinomial|StandardNormal|StandardLaplace|Uniform|^Normal|Poisson|^Gamma")


class Watching(ABC):
    """Hands every operator on with its call number and its place.

    Args:
        reference: Says in which mode the network runs; without one, in evaluation.
    """

    def __init__(self, reference: Reference | None) -> None:
        self.calls = Counter(reference.calls if reference is not None else {})
        self.places = Counter[tuple[str, str]]()
        self._training = reference is not None and reference.training
        self._path = [""]

    @abstractmethod
    def operator(self, call: Call, place: Place, operator: Dispatched) -> Any:
        """Run an operator and return its result."""

    def _dispatched(self, operator: Dispatched) -> Any:
        name, module = operator.name, self._path[-1]
        call, place = (name, self.calls[name]), (module, name, self.places[module, name])
        self.calls[name] += 1
        self.places[module, name] += 1
        return self.operator(call, place, operator)

    @contextmanager
    def over(self, network: nn.Cell) -> Iterator[None]:
        """Inside the block the network runs under this watch; the caller's draws are left alone."""
        names = {id(cell): name for name, cell in network.cells_and_names()}

        def enter(cell: nn.Cell) -> None:
            self._path.append(names.get(id(cell), self._path[-1]))

        def leave(cell: nn.Cell, inputs: Any, output: Any) -> None:
            self._path.pop()

        with (
            ONE_AT_A_TIME,
            training(network) if self._training else evaluating(network),
            unfused(),
            seeded(0),
            cells_followed(enter, leave),
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


def draws(operator: Dispatched) -> bool:
    """Whether an operator draws random numbers."""
    return _DRAWS.search(operator.name) is not None


def decides(operator: Dispatched, results: list[Tensor]) -> bool:
    """Whether an operator makes something else of real numbers: indices, truth values, whole numbers."""
    return any(not t.is_floating_point() for t in results) and any(
        t.is_floating_point() for t in tensors_in(list(operator.args))
    )
