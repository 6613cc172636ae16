"""The protocol of trainers, and what they tell of an epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from prunekit.core.backend import Network
from prunekit.core.data.contract import Batch


@dataclass(frozen=True)
class EpochReport:
    """What an epoch of training came to.

    Attributes:
        epoch: Its number, from 0.
        epochs: How many there are.
        loss: Mean training loss of a sample.
        lr: The learning rate.
        skipped: Batches that were left out, as all of their labels are ignored: the mean of no loss is no number.
    """

    epoch: int
    epochs: int
    loss: float
    lr: float
    skipped: int = 0


class Trainer(Protocol):
    """Trains a network; register it as ``RegisterType.TRAINER``, for one backend.

    Its constructor is given ``device`` (``CPU``, ``GPU`` or ``NPU``); its other parameters are keys of the yml's
    ``trainer``. A training is gone on with after it was killed: see ``checkpoint``.

    Attributes:
        epochs: Passes over the training data; 0 leaves a network as it is.
    """

    epochs: int

    def fit(
        self,
        network: Network,
        train_batches: Callable[[int], Iterable[Batch]],
        on_epoch: Callable[[EpochReport], None] | None = None,
        *,
        checkpoint: Path | None = None,
    ) -> Network:
        """Train a network in place and return it.

        Args:
            network: The network.
            train_batches: Gives the batches of an epoch, counted from 0; the same ones whenever it is asked.
            on_epoch: To be called after each epoch; it may evaluate the network.
            checkpoint: File to be written after each epoch; where it is there already, training goes on from it.

        Raises:
            PrunekitError: It cannot be trained; the message says what to do.
        """
        ...
