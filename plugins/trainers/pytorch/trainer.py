"""Trains a PyTorch network: a plain loop in one process."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from prunekit.core.networks import summed
from prunekit.plugins.backends.pytorch.device import torch_device
from prunekit.plugins.backends.pytorch.forward import call, handed_over, to_device
from prunekit.plugins.backends.pytorch.module_tree import modules, named_parameters, plain_methods, set_training
from prunekit.plugins.backends.pytorch.weights import unsound
from prunekit.plugins.trainers.errors import TrainingError
from prunekit.plugins.trainers.label_checks import checked_labels
from prunekit.plugins.trainers.loop import TrainingLoop
from prunekit.plugins.trainers.pytorch.checkpoint import Stateful, read_checkpoint, write_checkpoint
from prunekit.plugins.trainers.pytorch.moving_average import MovingAverage
from prunekit.plugins.trainers.pytorch.precision import Precision
from prunekit.plugins.trainers.settings import SGD, Adam, AdamW, CrossEntropyLoss
from prunekit.plugins.trainers.weight_groups import Learns, how_each_learns
from prunekit.registry import Register, RegisterType
from prunekit.registry.errors import reason

_OPTIMIZERS: dict[str, type[torch.optim.Optimizer]] = {
    "SGD": torch.optim.SGD,
    "Adam": torch.optim.Adam,
    "AdamW": torch.optim.AdamW,
}


@Register.register(RegisterType.TRAINER, backend="pytorch")
class Trainer(TrainingLoop):
    """Trains with SGD, Adam or AdamW."""

    def _use(self, device: str) -> None:
        self._device = torch_device(device)

    def _training(self, network: nn.Module) -> _Training:
        network.to(self._device)
        learning = self._learning(network)
        optimizer, precision = _optimizer(network, self._optimizer, learning), Precision(self._device, self._use_amp)
        average = None if self._ema is None else MovingAverage(network, *self._ema)
        frozen = [name for name, each in learning.items() if each.frozen]
        return _Training(network, self._device, optimizer, precision, self._loss, self._grad_clip, average, frozen)

    def _learning(self, network: nn.Module) -> dict[str, Learns]:
        weights = {name: weight.ndim for name, weight in named_parameters(network) if weight.requires_grad}
        return how_each_learns(weights, self._groups, self._decay_norms_and_biases)


class _Training:
    """One network being trained; see `prunekit.plugins.trainers.loop.Training`."""

    def __init__(
        self,
        network: nn.Module,
        device: torch.device,
        optimizer: torch.optim.Optimizer,
        precision: Precision,
        loss: CrossEntropyLoss,
        grad_clip: float | None,
        average: MovingAverage | None,
        frozen: Collection[str],
    ) -> None:
        self._network, self._device, self._settings, self._grad_clip = network, device, loss, grad_clip
        self._optimizer, self._precision, self.average = optimizer, precision, average
        self._parts: dict[str, Stateful] = {"network": network, "optimizer": optimizer, "precision": precision}
        if average is not None:
            self._parts["average"] = average
        self._frozen = [weight for name, weight in named_parameters(network) if name in frozen]
        held = {id(weight) for weight in self._frozen}
        self._still = [module for module in modules(network) if _learns_nothing(module, held)]

    @contextlib.contextmanager
    def keeping_modes(self) -> Iterator[None]:
        modes = [(module, module.training) for module in modules(self._network)]
        for weight in self._frozen:
            weight.requires_grad_(False)
        try:
            yield
        finally:
            for weight in self._frozen:
                weight.requires_grad_(True)
            for module, training in modes:
                module.training = training

    @contextlib.contextmanager
    def epoch(self, seed: int) -> Iterator[None]:
        set_training(self._network, True)
        for module in self._still:
            module.training = False
        self._optimizer.zero_grad(set_to_none=True)
        devices = [] if self._device.type == "cpu" else [self._device]
        with torch.random.fork_rng(devices, device_type=_rng_type(self._device)):
            torch.manual_seed(seed)
            yield

    def loss(self, inputs: Any, target: Any) -> float:
        self._last = self._loss(inputs, target)
        return float(self._last.detach())

    def gather(self, share: float) -> None:
        self._precision.gather(self._last if share == 1 else self._last * share)

    def step(self, lr: float) -> None:
        for group in self._optimizer.param_groups:
            group["lr"] = lr * group.get("lr_mult", 1.0)
        self._precision.step(self._network, self._optimizer, self._grad_clip)
        self._optimizer.zero_grad(set_to_none=True)

    def unsound_weights(self) -> dict[str, str]:
        return unsound(self._network)

    def write(self, path: Path, fingerprint: str, next_epoch: int) -> None:
        with plain_methods(self._network):
            write_checkpoint(path, self._parts, fingerprint, next_epoch)

    def read(self, path: Path, fingerprint: str) -> int:
        with plain_methods(self._network):
            return read_checkpoint(path, self._parts, fingerprint)

    def _loss(self, inputs: Any, target: Any) -> Tensor:
        with self._precision.forward():
            if callable(inside := getattr(self._network, "losses", None)):
                loss: Tensor = summed(inside(*(handed_over(each, self._device) for each in (inputs, target))))
                return loss
            outputs = call(self._network, inputs, self._device)
        return self._loss_of(self._precision.outputs(outputs), target)

    def _loss_of(self, outputs: Any, target: Any) -> Tensor:
        if callable(own := getattr(self._network, "loss", None)):
            loss: Tensor = own(outputs, handed_over(target, self._device))
            return loss
        params = self._settings.params
        labels = checked_labels(self._network, outputs, target, params.ignore_index)
        return functional.cross_entropy(outputs, to_device(labels, self._device), **params.model_dump())


def _learns_nothing(module: nn.Module, held: Collection[int]) -> bool:
    """Whether a normalization's own weights are all frozen, so that it keeps its statistics."""
    own = [weight for weight in module._parameters.values() if weight is not None]
    return bool(own) and "running_mean" in module._buffers and all(id(weight) in held for weight in own)


def _groups(network: nn.Module, learning: Mapping[str, Learns], decay: float) -> list[dict[str, Any]]:
    """The optimizer's groups of weights, those that learn alike together; one of all where none is special."""
    alike: dict[Learns, list[nn.Parameter]] = {}
    for name, weight in named_parameters(network):
        if name in learning and not learning[name].frozen:
            alike.setdefault(learning[name], []).append(weight)
    return [
        {"params": weights, "lr_mult": how.lr_mult, "weight_decay": decay * how.decay_mult}
        for how, weights in alike.items()
    ]


def _optimizer(
    network: nn.Module, settings: SGD | Adam | AdamW, learning: Mapping[str, Learns]
) -> torch.optim.Optimizer:
    weights = _groups(network, learning, settings.params.weight_decay)
    if not weights:
        raise TrainingError(f"{type(network).__name__} has nothing to train: no parameter requires a gradient")
    make: Any = _OPTIMIZERS[settings.type]
    try:
        optimizer: torch.optim.Optimizer = make(weights, **settings.params.model_dump())
    except ValueError as problem:  # parameters that contradict each other, such as nesterov without momentum
        raise TrainingError(f"optimizer: {reason(problem)}") from problem
    return optimizer


def _rng_type(device: torch.device) -> str:
    return "cuda" if device.type == "cpu" else device.type
