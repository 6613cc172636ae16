"""Trains a MindSpore network: a plain loop in one process, operator by operator."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import mindspore
import numpy as np
from mindspore import Tensor, nn, ops
from numpy.typing import NDArray

from prunekit.core.networks import summed
from prunekit.plugins.backends.mindspore.cell_tree import set_training
from prunekit.plugins.backends.mindspore.device import use_device
from prunekit.plugins.backends.mindspore.error_messages import plainly
from prunekit.plugins.backends.mindspore.forward import as_array, call, handed_over
from prunekit.plugins.backends.mindspore.weights import unsound
from prunekit.plugins.trainers.checkpoint import restoring
from prunekit.plugins.trainers.errors import TrainingError
from prunekit.plugins.trainers.label_checks import checked_labels
from prunekit.plugins.trainers.loop import TrainingLoop
from prunekit.plugins.trainers.mindspore.checkpoint import read_checkpoint, write_checkpoint
from prunekit.plugins.trainers.mindspore.moving_average import MovingAverage
from prunekit.plugins.trainers.mindspore.optimizers import Updates, updates
from prunekit.plugins.trainers.mindspore.precision import Precision
from prunekit.plugins.trainers.mindspore.random_seed import drawing
from prunekit.plugins.trainers.settings import CrossEntropyLoss
from prunekit.plugins.trainers.weight_groups import how_each_learns
from prunekit.registry import Register, RegisterType


@Register.register(RegisterType.TRAINER, backend="mindspore")
class Trainer(TrainingLoop):
    """Trains with SGD, Adam or AdamW, whose steps are those of PyTorch's."""

    def _use(self, device: str) -> None:
        use_device(device)

    def _training(self, network: nn.Cell) -> _Training:
        named = {weight.name: weight for weight in network.trainable_params()}
        axes = {name: len(weight.shape) for name, weight in named.items()}
        learning = how_each_learns(axes, self._groups, self._decay_norms_and_biases)
        learning = {name: how for name, how in learning.items() if not how.frozen}
        weights = mindspore.ParameterTuple([named[name] for name in learning])
        if not weights:
            raise TrainingError(f"{type(network).__name__} has nothing to train: no parameter requires a gradient")
        optimizer, precision = updates(weights, self._optimizer, [*learning.values()]), Precision(self._use_amp)
        average = None if self._ema is None else MovingAverage(network, *self._ema)
        frozen = [weight for name, weight in named.items() if name not in learning]
        return _Training(network, weights, optimizer, precision, self._loss, self._grad_clip, average, frozen)


class _Training:
    """One network being trained; see `prunekit.plugins.trainers.loop.Training`."""

    def __init__(
        self,
        network: nn.Cell,
        weights: Sequence[Tensor],
        optimizer: Updates,
        precision: Precision,
        loss: CrossEntropyLoss,
        grad_clip: float | None,
        average: MovingAverage | None,
        frozen: Sequence[Tensor],
    ) -> None:
        self._network, self._settings, self._grad_clip = network, loss, grad_clip
        self._optimizer, self._precision = optimizer, precision
        self._forward = precision.forward(lambda inputs: call(network, inputs))
        self._with_gradients = mindspore.value_and_grad(self._scaled_loss, None, weights)
        self._batch: Any = None
        self._gradients: Sequence[Tensor] = ()
        self._gathered: Sequence[Tensor] = ()
        self.average = average
        held = {id(weight) for weight in frozen}
        self._still = [cell for _, cell in network.cells_and_names() if _learns_nothing(cell, held)]

    @contextlib.contextmanager
    def keeping_modes(self) -> Iterator[None]:
        modes = [(cell, cell.training) for _, cell in self._network.cells_and_names()]
        try:
            yield
        finally:
            for cell, training in modes:
                cell.training = training
            mindspore.ms_memory_recycle()  # MindSpore keeps some MiB for the gradients of every new shape

    @contextlib.contextmanager
    def epoch(self, seed: int) -> Iterator[None]:
        set_training(self._network, True)
        for cell in self._still:
            cell.training = False
        self._gathered = ()
        with drawing(self._network, seed):
            yield

    def loss(self, inputs: Any, target: Any) -> float:
        self._batch, scale = (inputs, target), self._precision.scale
        with plainly():
            scaled, self._gradients = self._with_gradients()
        return float(scaled) / scale  # a power of two: nothing is rounded

    def gather(self, share: float) -> None:
        new = self._gradients if share == 1 else [gradient * share for gradient in self._gradients]
        self._gathered = [a + b for a, b in zip(self._gathered, new, strict=True)] if self._gathered else new
        self._gradients = ()

    def step(self, lr: float) -> None:
        gradients = self._precision.unscaled(self._gathered)
        self._gathered = ()
        if gradients is not None:
            self._optimizer.step(_clipped(gradients, self._grad_clip), lr)

    def unsound_weights(self) -> dict[str, str]:
        return unsound(self._network)

    def write(self, path: Path, fingerprint: str, next_epoch: int) -> None:
        network = {weight.name: as_array(weight) for weight in self._network.get_parameters()}
        plain = {
            "fingerprint": fingerprint, "next_epoch": next_epoch, "steps": self._optimizer.steps,
            "scale": self._precision.scale, "good_steps": self._precision.good_steps,
        }  # fmt: skip
        parts = {"network": network, "optimizer": self._optimizer.arrays()}
        if self.average is not None:
            parts["average"], plain["averaged_steps"] = self.average.arrays(), self.average.steps
        write_checkpoint(path, parts, plain)

    def read(self, path: Path, fingerprint: str) -> int:
        parts, plain = read_checkpoint(path, fingerprint)
        with restoring(path):
            self._restore(parts["network"])
            self._optimizer.restore(parts.get("optimizer", {}), plain["steps"])
            if self.average is not None:
                self.average.restore(parts["average"], plain["averaged_steps"])
            self._precision.scale, self._precision.good_steps = float(plain["scale"]), int(plain["good_steps"])
            return int(plain["next_epoch"])

    def _restore(self, arrays: dict[str, NDArray[Any]]) -> None:
        owned = {weight.name: weight for weight in self._network.get_parameters()}
        if owned.keys() != arrays.keys():
            raise ValueError("its weights have other names")
        for name, weight in owned.items():
            if weight.shape != arrays[name].shape:
                raise ValueError(f"{name} has the shape {list(arrays[name].shape)}, not {list(weight.shape)}")
            weight.set_data(Tensor(arrays[name], weight.dtype))

    def _scaled_loss(self) -> Tensor:
        inputs, target = self._batch
        if callable(inside := getattr(self._network, "losses", None)):
            loss = summed(inside(handed_over(inputs), handed_over(target)))
        else:
            loss = self._loss_of(self._forward(inputs), target)
        return loss if self._precision.scale == 1 else loss * self._precision.scale

    def _loss_of(self, outputs: Any, target: Any) -> Tensor:
        if callable(own := getattr(self._network, "loss", None)):
            return own(outputs, handed_over(target))
        params = self._settings.params
        labels = checked_labels(self._network, outputs, target, params.ignore_index)
        return ops.cross_entropy(outputs, Tensor(labels.astype(np.int32)), **params.model_dump())


def _learns_nothing(cell: nn.Cell, held: Collection[int]) -> bool:
    """Whether a normalization's own weights are all frozen, so that it keeps its statistics."""
    own = [cell._params[name] for name in ("gamma", "beta") if cell._params.get(name) is not None]
    return bool(own) and "moving_mean" in cell._params and all(id(weight) in held for weight in own)


def _clipped(gradients: Sequence[Tensor], largest: float | None) -> Sequence[Tensor]:
    """The gradients, all shorter by one factor where the norm of all together is too large."""
    if largest is None:
        return gradients
    norm = float(sum((gradient * gradient).sum() for gradient in gradients)) ** 0.5
    factor = largest / (norm + 1e-6)  # as PyTorch clips
    return gradients if factor >= 1 else [gradient * factor for gradient in gradients]
