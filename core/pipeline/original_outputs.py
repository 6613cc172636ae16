"""Refuses an original network whose outputs are not finite: no pruned one of it could be judged."""

from __future__ import annotations

import math
from collections.abc import Iterable

from prunekit.core.backend import Backend, Network
from prunekit.core.data.batch_size import batch_size
from prunekit.core.data.contract import Batch, Dataset
from prunekit.core.data.finite import wrong_in
from prunekit.core.data.nested import leaves
from prunekit.core.data.reading import Reader
from prunekit.core.metric import Measured
from prunekit.core.pipeline.errors import RunError


def refuse_not_finite(
    backend: Backend,
    network: Network,
    metric: str,
    found: Measured,
    data: Iterable[Batch],
    dataset: Dataset,
    split: str,
) -> None:
    """Refuse a network by what a metric found of it.

    Args:
        backend: The network's.
        network: The original network.
        metric: The metric's name.
        found: The metric's result.
        data: The batches that the metric saw, in the order of the dataset.
        dataset: What they are of.
        split: Which split that is.

    Raises:
        RunError: Its loss or its value is not finite; the message names the first sample whose outputs are not.
    """
    figures = {metric: found.value, "loss": found.loss}
    wrong = [f"{name} is {value}" for name, value in figures.items() if value is not None and not math.isfinite(value)]
    if not wrong:
        return
    first = _first(backend, network, data)
    where = f"; its outputs hold {first[1]} for {Reader(dataset, split).place(first[0])}" if first else ""
    raise RunError(
        f"the {split} {wrong[0]} for the original network{where}, although data and trained weights are finite"
        f"{_in_state(backend, network)}; does it overflow (half precision), divide by zero or take the logarithm of"
        " zero? Nothing pruned could be compared with it"
    )


def _first(backend: Backend, network: Network, data: Iterable[Batch]) -> tuple[int, str] | None:
    """The first sample whose outputs are not finite, and what they hold."""
    seen = 0
    for inputs, target in data:
        ((outputs, _),) = backend.run(network, [(inputs, target)])
        size = batch_size(inputs)
        arrays = [leaf for leaf in leaves(outputs) if wrong_in(leaf)]
        for place in range(size):
            for array in arrays:
                part = array[place] if getattr(array, "shape", ())[:1] == (size,) else array
                if what := wrong_in(part):
                    return seen + place, what
        seen += size
    return None


def _in_state(backend: Backend, network: Network) -> str:
    """What else the network holds that is not finite; that may be meant, or be the reason."""
    state = backend.state_arrays(network).items()
    held = [f"{name} ({what})" for name, array in state if (what := wrong_in(array))]
    return f", but it holds {', '.join(held[:3])}" if held else ""
