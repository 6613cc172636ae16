"""The training loop, without a framework: settings, epochs, the learning rate, what is told and refused."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Protocol

import numpy as np
from pydantic import Field, TypeAdapter, ValidationError

from prunekit.core.backend import Network
from prunekit.core.data.batch_size import batch_size
from prunekit.core.data.contract import Batch
from prunekit.plugins.trainers.errors import TrainingError
from prunekit.plugins.trainers.settings import SGD, CrossEntropyLoss, Loss, Optimizer, Schedule, SGDParams


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


class Training(Protocol):
    """One network being trained, with its optimizer: the part of a framework."""

    def keeping_modes(self) -> AbstractContextManager[None]:
        """Around the whole training: afterwards every module has the mode that it had."""
        ...

    def epoch(self, seed: int) -> AbstractContextManager[None]:
        """Around the steps of an epoch: training mode, and everything random follows from the seed."""
        ...

    def loss(self, inputs: Any, target: Any) -> float:
        """The loss of a batch, as NumPy arrays; no weight is changed by it."""
        ...

    def step(self, lr: float) -> None:
        """Follow the gradient of the last loss."""
        ...

    def write(self, path: Path, fingerprint: str, next_epoch: int) -> None:
        """Write a checkpoint, whole or not at all."""
        ...

    def read(self, path: Path, fingerprint: str) -> int:
        """Restore a checkpoint and return the epoch to go on with."""
        ...


class TrainingLoop(ABC):
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
        self._use(device)
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

    @abstractmethod
    def _use(self, device: str) -> None:
        """Settle where to train, or say why not there."""

    @abstractmethod
    def _training(self, network: Network) -> Training:
        """The network, on the device, with a new optimizer, as the settings say."""

    def fit(
        self,
        network: Network,
        train_batches: Callable[[int], Iterable[Batch]],
        on_epoch: Callable[[EpochReport], None] | None = None,
        *,
        checkpoint: Path | None = None,
    ) -> Network:
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
        training = self._training(network)
        with training.keeping_modes():
            start = 0
            if checkpoint is not None and Path(checkpoint).exists():
                start = training.read(Path(checkpoint), self._fingerprint)
            for epoch in range(start, self.epochs):
                report = self._epoch(training, train_batches(epoch), epoch)
                if on_epoch is not None:
                    on_epoch(report)
                if checkpoint is not None:
                    training.write(Path(checkpoint), self._fingerprint, epoch + 1)
        return network

    @property
    def _fingerprint(self) -> str:
        parts = [
            self._optimizer, self._schedule, self._loss, self.epochs, self._seed, self._grad_clip, self._use_amp
        ]  # fmt: skip
        return " ".join(map(repr, parts))

    def _epoch(self, training: Training, batches: Iterable[Batch], epoch: int) -> EpochReport:
        lr = self._optimizer.params.lr
        if self._schedule is not None:
            lr = self._schedule.rate(lr, epoch, self.epochs)
        total, count = 0.0, 0
        # each epoch has its own seed, so a resumed training needs no state of the generator
        with training.epoch(int(np.random.SeedSequence([self._seed, epoch]).generate_state(1)[0])):
            for number, (inputs, target) in enumerate(batches):
                size = batch_size(inputs)
                value = training.loss(inputs, target)
                if not math.isfinite(value):
                    raise TrainingError(f"epoch {epoch + 1}, batch {number + 1}: {self._hint(value, lr)}")
                training.step(lr)
                total += size * value
                count += size
        if not count:
            raise TrainingError(f"epoch {epoch + 1} has no batch to train on")
        return EpochReport(epoch, self.epochs, total / count, lr)

    def _hint(self, loss: float, lr: float) -> str:
        amp = ", or leave use_amp out" if self._use_amp else ""
        return f"the loss is {loss}; lower the learning rate ({lr:g}) or set grad_clip{amp}"


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
