"""The learning rate of every step: what the schedule says, after a rise at the start."""

from __future__ import annotations

from dataclasses import dataclass

from prunekit.plugins.trainers.errors import TrainingError
from prunekit.plugins.trainers.settings import Schedule


@dataclass(frozen=True)
class LearningRate:
    """The learning rate at a batch.

    Attributes:
        lr: That of the optimizer.
        schedule: How it changes; None keeps it.
        epochs: Of the training.
        warmup_epochs: Over how many it rises to what the schedule says, in a straight line from step to step.
    """

    lr: float
    schedule: Schedule | None
    epochs: int
    warmup_epochs: float

    def __call__(self, epoch: int, number: int, batches: int | None) -> float:
        """The learning rate at a batch.

        Args:
            epoch: The epoch, counted from 0.
            number: The batch in it, counted from 0.
            batches: How many an epoch has; None where nobody knows.

        Raises:
            TrainingError: It depends on how many there are.
        """
        by_step = self.schedule is not None and not self.schedule.params.by_epoch
        rises = epoch < self.warmup_epochs
        if batches is None and (by_step or rises):
            raise TrainingError(
                "warmup_epochs and by_epoch: False need to know how many batches an epoch has, and these have no length"
            )
        place = epoch + number / (batches or 1)
        lr = self.lr
        if self.schedule is not None:
            lr = self.schedule.rate(lr, place if by_step else epoch, self.epochs)
        if rises:
            lr *= min((place + 1 / (batches or 1)) / self.warmup_epochs, 1.0)
        return lr
