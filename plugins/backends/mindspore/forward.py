"""Calls a MindSpore network with NumPy arrays, by the data contract."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import mindspore
import numpy as np
from mindspore import Tensor, nn, ops

from prunekit.core.data.contract import Batch, Inputs, as_call
from prunekit.plugins.backends.mindspore.errors import plainly
from prunekit.plugins.backends.mindspore.views import current


def mapped(value: Any, change: Callable[[Any], Any]) -> Any:
    """The value, nested in any way, with ``change`` of every leaf."""
    if isinstance(value, Mapping):
        return {key: mapped(part, change) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        parts = [mapped(part, change) for part in value]
        return tuple(parts) if isinstance(value, tuple) else parts
    return change(value)


def tensors_in(value: Any) -> Iterator[Tensor]:
    """All tensors in a nested value, in a fixed order."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from tensors_in(part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from tensors_in(part)


def to_tensors(value: Any) -> Any:
    """Return the value with every array in it as a tensor; dtypes are kept."""
    return mapped(value, lambda part: Tensor(part) if isinstance(part, (np.ndarray, np.generic)) else part)


def to_numpy(value: Any) -> Any:
    """Return the value with every tensor in it as a NumPy array; bfloat16, which NumPy lacks, as float32."""
    return mapped(value, lambda part: as_array(part) if isinstance(part, Tensor) else part)


def as_array(tensor: Tensor) -> Any:
    """A tensor as a NumPy array of its own."""
    tensor = current(tensor)
    return np.array((tensor.astype(mindspore.float32) if tensor.dtype == mindspore.bfloat16 else tensor).asnumpy())


def call(network: nn.Cell, inputs: Inputs) -> Any:
    """Call the network as it stands (its mode is the caller's) and return its own outputs."""
    args, kwargs = as_call(inputs)
    with plainly():
        return network(*to_tensors(args), **to_tensors(kwargs))


@contextlib.contextmanager
def evaluating(network: nn.Cell) -> Iterator[nn.Cell]:
    """Evaluation mode inside the block; afterwards every cell has the mode it had."""
    modes = [(cell, cell.training) for _, cell in network.cells_and_names()]
    network.set_train(False)
    try:
        yield network
    finally:
        for cell, mode in modes:
            cell.training = mode


@contextlib.contextmanager
def training(network: nn.Cell) -> Iterator[None]:
    """Training mode inside the block, after which modes and the arrays that are not trained are as they were."""
    modes = [(cell, cell.training) for _, cell in network.cells_and_names()]
    held = [(p, p.asnumpy().copy()) for p in network.get_parameters() if not p.requires_grad]
    network.set_train(True)
    try:
        yield
    finally:
        for cell, mode in modes:
            cell.training = mode
        for parameter, before in held:
            parameter.set_data(Tensor(before))


def doubled(value: Any) -> Any:
    """The inputs with two samples where there was one: normalizations in training mode need them."""

    def twice(part: Any) -> Any:
        fits = isinstance(part, Tensor) and part.ndim > 1 and part.shape[0] == 1
        return ops.concat((part, part)) if fits else part

    return mapped(value, twice)


def train_once(network: nn.Cell, inputs: Inputs) -> None:
    """One forward in training mode and the gradients of its outputs; the network is left in that mode."""
    network.set_train(True)
    given = doubled(to_tensors(inputs))

    def loss() -> Any:
        found = [t for t in tensors_in(call(network, given)) if t.is_floating_point()]
        return sum((t.astype(mindspore.float32) ** 2).mean() for t in found)

    weights = mindspore.ParameterTuple(network.trainable_params())
    with plainly():
        mindspore.grad(loss, None, weights)() if weights else loss()


def run(network: nn.Cell, batches: Iterable[Batch]) -> Iterator[tuple[Any, Any]]:
    """Yield ``(outputs, target)`` of every batch as NumPy, in evaluation mode.

    The network keeps evaluation mode until the iteration ends or is closed, then gets back the modes it had.
    """
    with evaluating(network):
        for inputs, target in batches:
            yield to_numpy(call(network, inputs)), target
