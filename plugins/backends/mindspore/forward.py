"""Calls a MindSpore network with NumPy arrays, by the data contract."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any

import mindspore
import numpy as np
from mindspore import Tensor, nn, ops

from prunekit.core.data.contract import Batch, Inputs, as_call
from prunekit.core.data.nested import leaves, map_leaves, map_once
from prunekit.core.networks import decoding
from prunekit.plugins.backends.mindspore.cell_tree import set_training
from prunekit.plugins.backends.mindspore.error_messages import plainly
from prunekit.plugins.backends.mindspore.views import current


def tensors_in(value: Any) -> Iterator[Tensor]:
    """All tensors in a nested value, in a fixed order."""
    return (leaf for leaf in leaves(value) if isinstance(leaf, Tensor))


def to_tensors(value: Any) -> Any:
    """Return the value with every array in it as a tensor; dtypes are kept, and tensors are those that they are."""
    return map_leaves(lambda leaf: Tensor(leaf) if isinstance(leaf, (np.ndarray, np.generic)) else leaf, value)


def handed_over(value: Any) -> Any:
    """What `to_tensors` returns, as a copy: the code of a network may write into what it is given.

    Where one array stands twice, so does its copy.
    """
    return map_once(_copy, value)


def _copy(leaf: Any) -> Any:
    if isinstance(leaf, Tensor):
        return current(leaf).copy()
    return Tensor(leaf) if isinstance(leaf, (np.ndarray, np.generic)) else leaf


def to_numpy(value: Any) -> Any:
    """Return the value with every tensor in it as a NumPy array; bfloat16, which NumPy lacks, as float32."""
    return map_leaves(lambda leaf: as_array(leaf) if isinstance(leaf, Tensor) else leaf, value)


def as_array(tensor: Tensor) -> Any:
    """A tensor as a NumPy array of its own."""
    tensor = current(tensor)
    return np.array((tensor.astype(mindspore.float32) if tensor.dtype == mindspore.bfloat16 else tensor).asnumpy())


def call(network: nn.Cell, inputs: Inputs) -> Any:
    """Call the network as it stands (its mode is the caller's) and return its own outputs.

    It gets a copy of the inputs.
    """
    return call_with(network, handed_over(inputs))


def call_with(network: nn.Cell, inputs: Inputs) -> Any:
    """The same with tensors that nobody needs afterwards, such as `handed_over` gives: they are not copied."""
    args, kwargs = as_call(inputs)
    with plainly():
        return network(*args, **kwargs)


@contextlib.contextmanager
def evaluating(network: nn.Cell) -> Iterator[nn.Cell]:
    """Evaluation mode inside the block; afterwards every cell has the mode it had."""
    modes = [(cell, cell.training) for _, cell in network.cells_and_names()]
    set_training(network, False)
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
    set_training(network, True)
    try:
        yield
    finally:
        for cell, mode in modes:
            cell.training = mode
        for parameter, before in held:
            parameter.set_data(Tensor(before))


def doubled(value: Any) -> Any:
    """The inputs with two samples where there was one: normalizations in training mode need them."""

    def twice(leaf: Any) -> Any:
        fits = isinstance(leaf, Tensor) and leaf.ndim > 1 and leaf.shape[0] == 1
        return ops.concat((leaf, leaf)) if fits else leaf

    return map_leaves(twice, value)


def train_once(network: nn.Cell, inputs: Inputs) -> None:
    """One forward in training mode and the gradients of its outputs; the network is left in that mode."""
    set_training(network, True)
    given = doubled(to_tensors(inputs))

    def loss() -> Any:
        found = [t for t in tensors_in(call(network, given)) if t.is_floating_point()]
        return sum((t.astype(mindspore.float32) ** 2).mean() for t in found)

    weights = mindspore.ParameterTuple(network.trainable_params())
    with plainly():
        mindspore.grad(loss, None, weights)() if weights else loss()


def run(network: nn.Cell, batches: Iterable[Batch], decoded: bool = False) -> Iterator[tuple[Any, Any]]:
    """Yield ``(outputs, target)`` of every batch as NumPy, in evaluation mode.

    The network keeps evaluation mode until the iteration ends or is closed, then gets back the modes it had.
    """
    decode = decoding(network) if decoded else None
    with evaluating(network):
        for inputs, target in batches:
            outputs = call(network, inputs)
            if decode is not None:
                with plainly():
                    outputs = decode(outputs)
            yield to_numpy(outputs), target
