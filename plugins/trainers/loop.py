"""The training loop, without a framework: settings, epochs, the learning rate, what is told and refused."""

from __future__ import annotations

import json
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Annotated, Any, Protocol

import numpy as np
from pydantic import Field, TypeAdapter, ValidationError

from prunekit.core.backend import Network
from prunekit.core.data.batch_size import batch_size
from prunekit.core.data.contract import Batch
from prunekit.core.training import EpochReport
from prunekit.plugins.trainers.divergence import kept, loss_not_finite, shown, weights_not_finite
from prunekit.plugins.trainers.errors import TrainingError
from prunekit.plugins.trainers.label_checks import says_nothing
from prunekit.plugins.trainers.learning_rate import LearningRate
from prunekit.plugins.trainers.moving_average import MovingAverage
from prunekit.plugins.trainers.settings import SGD, CrossEntropyLoss, Loss, Optimizer, Schedule, SGDParams
from prunekit.plugins.trainers.training_data import EpochData, labelled, settings_of
from prunekit.plugins.trainers.weight_groups import WeightGroup


class Training(Protocol):
    """One network being trained, with its optimizer: the part of a framework."""

    @property
    def average(self) -> MovingAverage | None:
        """That of its weights, where one is wanted."""
        ...

    def keeping_modes(self) -> AbstractContextManager[None]:
        """Around the whole training: afterwards every module has the mode that it had."""
        ...

    def epoch(self, seed: int) -> AbstractContextManager[None]:
        """Around the steps of an epoch: training mode, and everything random follows from the seed."""
        ...

    def loss(self, inputs: Any, target: Any) -> float:
        """The loss of a batch, as NumPy arrays; no weight is changed by it."""
        ...

    def gather(self, share: float) -> None:
        """Add the gradient of a share of the last loss to what was gathered since the last step."""
        ...

    def step(self, lr: float) -> None:
        """Follow the gradient that was gathered; learning rates of weights are factors of this one."""
        ...

    def unsound_weights(self) -> dict[str, str]:
        """As ``Backend.unsound_weights``, of the network."""
        ...

    def write(self, path: Path, fingerprint: str, next_epoch: int) -> None:
        """Write a checkpoint, whole or not at all."""
        ...

    def read(self, path: Path, fingerprint: str) -> int:
        """Restore a checkpoint and return the epoch to go on with."""
        ...


class TrainingLoop(ABC):
    """Trains with SGD, Adam or AdamW.

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
        warmup_epochs: Over how many epochs, from step to step, the learning rate rises to what the schedule says.
        decay_norms_and_biases: Whether weights of a single axis decay as others do.
        param_groups: Weights that learn in a way of their own, ``[{match: backbone.*, lr_mult: 0.2}]``.
        accumulate: How many batches make a step; a last one of an epoch can have fewer, each with the same weight.
        ema_decay: How much of itself the average of the weights keeps in a step (exponential moving average), which
            grows to this over the first steps. It is what is evaluated, and what the training ends with; None takes
            the last weights themselves.
        ema_ramp: Steps over which it grows: the n-th keeps ``ema_decay * (1 - exp(-n / ema_ramp))``.

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
        warmup_epochs: Annotated[float, Field(ge=0)] = 0.0,
        decay_norms_and_biases: bool = True,
        param_groups: list[WeightGroup] | None = None,
        accumulate: Annotated[int, Field(ge=1)] = 1,
        ema_decay: Annotated[float, Field(gt=0, lt=1)] | None = None,
        ema_ramp: Annotated[float, Field(gt=0)] = 200.0,
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
        if not warmup_epochs >= 0:
            wrong.append(f"warmup_epochs: {warmup_epochs} is below 0")
        if accumulate < 1:
            wrong.append(f"accumulate: {accumulate} is below 1; a step needs a batch")
        if ema_decay is not None and not 0 < ema_decay < 1:
            wrong.append(f"ema_decay: {ema_decay} is not between 0 and 1; leave it out for no average")
        self._groups = _settle(list[WeightGroup], list(param_groups or ()), "param_groups", wrong)
        if wrong:
            raise TrainingError("\n".join(wrong))
        self._rate = LearningRate(self._optimizer.params.lr, self._schedule, epochs, warmup_epochs)
        self._warmup_epochs, self._accumulate = warmup_epochs, accumulate
        self._decay_norms_and_biases = decay_norms_and_biases
        self._ema = None if ema_decay is None else (ema_decay, ema_ramp)
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
            train_batches: Gives the batches of an epoch, counted from 0; the same ones whenever it is asked.
            on_epoch: Called after each epoch; it may evaluate the network. A training killed right after it calls it
                again for that epoch.
            checkpoint: File written after each epoch. If it is there already, training goes on from it, and on the CPU
                ends bit for bit as if it had never stopped. It belongs to one training: the trainer's settings and
                those of the data (batch size, seed, ranks, ...) are those that it was written with.

        Raises:
            TrainingError: Weights or the loss are not finite, there is no batch or nothing to train, or the checkpoint
                is of another training.
            DataError: The data is not finite, or no batch has a label.
        """
        if not self.epochs:
            return network
        training, path = self._training(network), None if checkpoint is None else Path(checkpoint)
        if wrong := shown(training.unsound_weights()):
            raise TrainingError(f"{type(network).__name__} cannot be trained: nothing can be computed with {wrong}")
        own_loss = any(callable(getattr(network, name, None)) for name in ("loss", "losses"))
        run = _Run(training, train_batches, None if own_loss else self._loss.params.ignore_index)
        with training.keeping_modes():
            start = 0
            if path is not None and path.exists():
                start = training.read(path, self._fingerprint(settings_of(train_batches(0))))
                if wrong := shown(training.unsound_weights()):
                    raise TrainingError(f"{path}: nothing can be computed with {wrong}; remove it to start anew")
            for epoch in range(start, self.epochs):
                try:
                    report = self._epoch(run, epoch)
                except TrainingError as problem:
                    raise type(problem)(f"{problem}{kept(path)}") from problem
                if on_epoch is not None:
                    with nullcontext() if training.average is None else training.average.used():
                        on_epoch(report)
                if path is not None:
                    training.write(path, self._fingerprint(run.settings), epoch + 1)
            if training.average is not None:
                training.average.take()
        return network

    def _fingerprint(self, data: Mapping[str, Any]) -> str:
        """What the training depends on, by name, in JSON."""
        settings = {
            "optimizer": self._optimizer, "lr_scheduler": self._schedule, "loss": self._loss, "epochs": self.epochs,
            "seed": self._seed, "grad_clip": self._grad_clip, "use_amp": self._use_amp,
        }  # fmt: skip
        later = {  # than checkpoints of 0.1, which have none of them
            "warmup_epochs": (self._warmup_epochs, 0), "accumulate": (self._accumulate, 1),
            "decay_norms_and_biases": (self._decay_norms_and_biases, True), "param_groups": (self._groups, []),
            "ema": (self._ema, None),
        }  # fmt: skip
        settings |= {name: value for name, (value, before) in later.items() if value != before}
        return json.dumps({**{name: repr(value) for name, value in settings.items()}, **data})

    def _epoch(self, run: _Run, epoch: int) -> EpochReport:
        total, count, skipped, place = 0.0, 0, 0, f"epoch {epoch + 1}"
        data, gathered, lr = run.data(epoch), 0, 0.0
        # each epoch has its own seed, so a resumed training needs no state of the generator
        with run.training.epoch(int(np.random.SeedSequence([self._seed, epoch]).generate_state(1)[0])):
            for number, (inputs, target) in enumerate(data):
                if run.ignore_index is not None and says_nothing(target, run.ignore_index):
                    skipped += 1
                    continue
                size, lr = batch_size(inputs), self._rate(epoch, number, data.number)
                value = run.training.loss(inputs, target)
                if not math.isfinite(value):
                    raise loss_not_finite(f"{place}, batch {number + 1}", value, run.steps + epoch, self._advice(lr))
                run.training.gather(1 / self._accumulate)
                gathered += 1
                total += size * value
                count += size
                if gathered == self._accumulate:
                    gathered = 0
                    self._step(run, lr)
            if gathered:
                self._step(run, lr)
        if not count:
            raise TrainingError(f"{place} has no batch to train on")
        if unsound := run.training.unsound_weights():
            raise weights_not_finite(place, unsound, self._advice(lr))
        return EpochReport(epoch, self.epochs, total / count, lr, skipped)

    def _step(self, run: _Run, lr: float) -> None:
        run.training.step(lr)
        if run.training.average is not None:
            run.training.average.update()
        run.steps += 1

    def _advice(self, lr: float) -> str:
        amp = ", or leave use_amp out" if self._use_amp else ""
        return f"lower the learning rate ({lr:g}) or set grad_clip{amp}"


class _Run:
    """A training under way.

    Attributes:
        steps: How many steps were made in this process.
        settings: What the data depends on, once batches were seen.
    """

    def __init__(
        self, training: Training, train_batches: Callable[[int], Iterable[Batch]], ignore_index: int | None
    ) -> None:
        self.training, self.ignore_index, self.steps = training, ignore_index, 0
        self._train_batches, self._data = train_batches, EpochData(())

    def data(self, epoch: int) -> EpochData:
        """The batches of an epoch; before the first step one with a label must be among them."""
        ask = self._train_batches
        self._data = EpochData(ask(epoch), epoch) if self.steps else labelled(ask, epoch, self.ignore_index)
        return self._data

    @property
    def settings(self) -> Mapping[str, Any]:
        return self._data.settings


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
