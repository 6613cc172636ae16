"""A trainer: AdamW, which transformers are trained with, and a cosine from the learning rate to zero."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import torch
from pydantic import NonNegativeFloat, NonNegativeInt, PositiveFloat
from torch.nn.functional import cross_entropy

from prunekit import Register, RegisterType
from prunekit.core.atomic_file import atomic_write
from prunekit.core.data.contract import Batch
from prunekit.core.training import EpochReport
from prunekit.plugins.backends.pytorch.device import torch_device


@Register.register(RegisterType.TRAINER, backend="pytorch")
class AdamWTrainer:
    """Trains classifiers of one input.

    Args:
        device: Where it trains; prunekit itself gives it.
        epochs: Passes over the training data.
        lr: Learning rate of the first epoch.
        decay: By how much of the learning rate weights shrink in a step.
    """

    def __init__(
        self, device: str, *, epochs: NonNegativeInt = 1, lr: PositiveFloat = 1e-3, decay: NonNegativeFloat = 0.01
    ) -> None:
        self.epochs, self._device, self._lr, self._decay = epochs, torch_device(device), lr, decay

    def fit(
        self, network: torch.nn.Module, train_batches: Callable[[int], Iterable[Batch]],
        on_epoch: Callable[[EpochReport], None] | None = None, *, checkpoint: Path | None = None,
    ) -> torch.nn.Module:  # fmt: skip
        optimizer = torch.optim.AdamW(network.to(self._device).parameters(), self._lr, weight_decay=self._decay)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(self.epochs, 1))
        parts, first = (network, optimizer, schedule), 0
        if checkpoint is not None and checkpoint.exists():  # it was killed, and goes on
            first, states = torch.load(checkpoint, weights_only=True)
            for part, state in zip(parts, states, strict=True):
                part.load_state_dict(state)
        for epoch in range(first, self.epochs):
            (lr,), loss = schedule.get_last_lr(), self._epoch(network, optimizer, train_batches(epoch))
            schedule.step()
            if on_epoch is not None:
                on_epoch(EpochReport(epoch, self.epochs, loss, lr))
            if checkpoint is not None:
                with atomic_write(checkpoint) as file:
                    torch.save((epoch + 1, [part.state_dict() for part in parts]), file)
        return network.eval()

    def _epoch(self, network: torch.nn.Module, optimizer: torch.optim.Optimizer, batches: Iterable[Batch]) -> float:
        network.train()
        losses, samples = 0.0, 0
        for images, labels in batches:
            inputs, target = (torch.as_tensor(array).to(self._device) for array in (images, labels))
            loss = cross_entropy(network(inputs), target)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses, samples = losses + loss.item() * len(target), samples + len(target)
        return losses / max(samples, 1)
