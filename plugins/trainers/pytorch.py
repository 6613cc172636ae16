"""Trains a PyTorch network: a plain loop in one process."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
from pydantic import Field, TypeAdapter, ValidationError
from torch import Tensor, nn
from torch.nn import functional

from prunekit.core.data.contract import Batch
from prunekit.plugins.backends.pytorch.device import torch_device
from prunekit.plugins.backends.pytorch.forward import call, to_device
from prunekit.plugins.trainers.checkpoint import Stateful, read_checkpoint, write_checkpoint
from prunekit.plugins.trainers.errors import TrainingError
from prunekit.plugins.trainers.precision import Precision
from prunekit.plugins.trainers.settings import SGD, CrossEntropyLoss, Loss, Optimizer, Schedule, SGDParams
from prunekit.registry import Register, RegisterType

_OPTIMIZERS: dict[str, type[torch.optim.Optimizer]] = {"SGD": torch.optim.SGD, "Adam": torch.optim.Adam}


@dataclass(frozen=True)
class EpochReport:
    """What an epoch of training came to.

    Attributes:
        epoch: Its number, from 0.
        epochs: How many there are.
        loss: Mean training loss of a sample.
        lr: The learning rate.
    """

    epoch: int
    epochs: int
    loss: float
    lr: float


@Register.register(RegisterType.TRAINER, backend="pytorch")
class Trainer:
    """Trains with SGD or Adam.

    ``optimizer``, ``lr_scheduler`` and ``loss`` are settings, or dicts as in a yml: ``{type: SGD, params: {lr: 0.1}}``,
    also flat: ``{type: SGD, lr: 0.1}``.

    Args:
        device: ``CPU``, ``GPU`` or ``NPU``.
        epochs: Passes over the training data; 0 leaves the network as it is.
        optimizer: How the weights follow the gradient.
        lr_scheduler: How the learning rate changes from epoch to epoch; None keeps it.
        loss: What is minimized, for a network that has no ``loss(outputs, target)`` of its own.
        seed: Of dropout and the like; the order of the data is the caller's.
        grad_clip: Largest norm of the gradient of all weights together; None does not clip.
        use_amp: Automatic mixed precision; see `Precision`. The loss, and every evaluation, stay float32.

    Raises:
        TrainingError: A setting is wrong; all that are wrong are named.
    """

    def __init__(
        self,
        device: str = "CPU",
        *,
        epochs: Annotated[int, Field(ge=0)] = 1,
        optimizer: Optimizer = SGD(params=SGDParams(lr=0.01, momentum=0.9)),  # noqa: B008 - frozen
        lr_scheduler: Schedule | None = None,
        loss: Loss = CrossEntropyLoss(),  # noqa: B008 - frozen
        seed: Annotated[int, Field(ge=0)] = 0,
        grad_clip: Annotated[float, Field(gt=0)] | None = None,
        use_amp: bool = False,
    ) -> None:
        wrong: list[str] = []
        self._device = torch_device(device)
        self._optimizer = _settle(Optimizer, optimizer, "optimizer", wrong)
        self._schedule = _settle(Schedule | None, lr_scheduler, "lr_scheduler", wrong)
        self._loss = _settle(Loss, loss, "loss", wrong)
        if epochs < 0:
            wrong.append(f"epochs: {epochs} is below 0")
        if seed < 0:
            wrong.append(f"seed: {seed} is below 0")
        if grad_clip is not None and not grad_clip > 0:
            wrong.append(f"grad_clip: {grad_clip} is not above 0; leave it out for no clipping")
        if wrong:
            raise TrainingError("\n".join(wrong))
        self.epochs, self._seed, self._grad_clip, self._use_amp = epochs, seed, grad_clip, use_amp

    def fit(
        self,
        network: nn.Module,
        train_batches: Callable[[int], Iterable[Batch]],
        on_epoch: Callable[[EpochReport], None] | None = None,
        *,
        checkpoint: Path | None = None,
    ) -> nn.Module:
        """Train a network in place and return it; its modules keep the modes they had.

        Args:
            network: Moved to the device.
            train_batches: Gives the batches of an epoch, counted from 0.
            on_epoch: Called after each epoch; it may evaluate the network. A training killed right after it calls it
                again for that epoch.
            checkpoint: File written after each epoch. If it is there already, training goes on from it, and on the CPU
                ends bit for bit as if it had never stopped.

        Raises:
            TrainingError: The loss is not finite, there is no batch or nothing to train, or the checkpoint is of
                another training.
        """
        if not self.epochs:
            return network
        modes = [(module, module.training) for module in network.modules()]
        network.to(self._device)
        optimizer, precision = self._new_optimizer(network), Precision(self._device, self._use_amp)
        parts: dict[str, Stateful] = {"network": network, "optimizer": optimizer, "precision": precision}
        start = 0
        if checkpoint is not None and Path(checkpoint).exists():
            start = read_checkpoint(Path(checkpoint), parts, self._fingerprint)
        try:
            for epoch in range(start, self.epochs):
                report = self._epoch(network, optimizer, precision, train_batches(epoch), epoch)
                if on_epoch is not None:
                    on_epoch(report)
                if checkpoint is not None:
                    write_checkpoint(Path(checkpoint), parts, self._fingerprint, epoch + 1)
        finally:
            for module, training in modes:
                module.training = training
        return network

    @property
    def _fingerprint(self) -> str:
        parts = [
            self._optimizer, self._schedule, self._loss, self.epochs, self._seed, self._grad_clip, self._use_amp
        ]  # fmt: skip
        return " ".join(map(repr, parts))

    def _new_optimizer(self, network: nn.Module) -> torch.optim.Optimizer:
        weights = [weight for weight in network.parameters() if weight.requires_grad]
        if not weights:
            raise TrainingError(f"{type(network).__name__} has nothing to train: no parameter requires a gradient")
        make: Any = _OPTIMIZERS[self._optimizer.type]
        try:
            optimizer: torch.optim.Optimizer = make(weights, **self._optimizer.params.model_dump())
        except ValueError as problem:  # parameters that contradict each other, such as nesterov without momentum
            raise TrainingError(f"optimizer: {problem}") from problem
        return optimizer

    def _epoch(
        self,
        network: nn.Module,
        optimizer: torch.optim.Optimizer,
        precision: Precision,
        batches: Iterable[Batch],
        epoch: int,
    ) -> EpochReport:
        lr = self._optimizer.params.lr
        if self._schedule is not None:
            lr = self._schedule.rate(lr, epoch, self.epochs)
        for group in optimizer.param_groups:
            group["lr"] = lr
        network.train()
        total, count = 0.0, 0
        devices = [] if self._device.type == "cpu" else [self._device]
        with torch.random.fork_rng(devices, device_type=_rng_type(self._device)):
            # each epoch has its own seed, so a resumed training needs no state of the generator
            torch.manual_seed(int(np.random.SeedSequence([self._seed, epoch]).generate_state(1)[0]))
            for number, (inputs, target) in enumerate(batches):
                size = _size(target)
                optimizer.zero_grad(set_to_none=True)
                loss = self._loss_of(network, inputs, target, precision)
                value = float(loss.detach())
                if not np.isfinite(value):
                    raise TrainingError(f"epoch {epoch + 1}, batch {number + 1}: {self._hint(value, lr)}")
                precision.step(loss, network, optimizer, self._grad_clip)
                total += size * value
                count += size
        if not count:
            raise TrainingError(f"epoch {epoch + 1} has no batch to train on")
        return EpochReport(epoch, self.epochs, total / count, lr)

    def _hint(self, loss: float, lr: float) -> str:
        amp = ", or leave use_amp out" if self._use_amp else ""
        return f"the loss is {loss}; lower the learning rate ({lr:g}) or set grad_clip{amp}"

    def _loss_of(self, network: nn.Module, inputs: Any, target: Any, precision: Precision) -> Tensor:
        with precision.forward():
            outputs = call(network, inputs, self._device)
        outputs = precision.outputs(outputs)
        if callable(own := getattr(network, "loss", None)):
            loss: Tensor = own(outputs, to_device(target, self._device))
            return loss
        if not isinstance(outputs, Tensor) or outputs.ndim < 2:
            raise TrainingError(
                f"{type(network).__name__} gives {_shape(outputs)}, not logits [N, classes, ...];"
                " such a network needs its own loss(outputs, target)"
            )
        params = self._loss.params
        labels = np.asarray(target)
        used = labels[labels != params.ignore_index]
        if used.size and (used.min() < 0 or used.max() >= outputs.shape[1]):
            raise TrainingError(
                f"a target is {used.min() if used.min() < 0 else used.max()}, but the network has {outputs.shape[1]}"
                " classes; does its class_num fit the dataset?"
            )
        goal = to_device(labels.astype(np.int64), self._device)
        return functional.cross_entropy(outputs, goal, **params.model_dump())


def _settle(wanted: Any, value: Any, name: str, wrong: list[str]) -> Any:
    try:
        return TypeAdapter(wanted).validate_python(value)
    except ValidationError as problem:
        for error in problem.errors():
            place = ".".join([name, *(str(part) for part in error["loc"] if part in ("params", *_names(value)))])
            wrong.append(f"{place}: {error['msg'].removeprefix('Value error, ')}")
        return None


def _names(value: Any) -> list[str]:
    params = value.get("params", value) if isinstance(value, dict) else {}
    return list(params) if isinstance(params, dict) else []


def _rng_type(device: torch.device) -> str:
    return "cuda" if device.type == "cpu" else device.type


def _size(target: Any) -> int:
    if isinstance(target, dict):
        return _size(next(iter(target.values()))) if target else 1
    return len(target) if hasattr(target, "__len__") and np.ndim(target) != 0 else 1


def _shape(outputs: Any) -> str:
    return str(list(outputs.shape)) if isinstance(outputs, Tensor) else f"a {type(outputs).__name__}"
