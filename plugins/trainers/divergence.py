"""What is said of a training whose numbers are no longer finite."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from prunekit.plugins.trainers.errors import TrainingError


def loss_not_finite(place: str, loss: float, steps: int, advice: str) -> TrainingError:
    """The error for a loss that is not finite.

    Args:
        place: Epoch and batch.
        loss: It.
        steps: Not 0 where steps were made before, in earlier epochs too.
        advice: What helps against a diverging training.
    """
    if steps:
        return TrainingError(f"{place}: the loss is {loss}; {advice}")
    return TrainingError(
        f"{place}: the loss is {loss} before any step, although data and weights are finite: the learning rate is not"
        " the reason; does the network or its loss overflow (half precision, use_amp), divide by zero or take the"
        " logarithm of zero?"
    )


def weights_not_finite(place: str, weights: Mapping[str, str], advice: str) -> TrainingError:
    """The error for weights that the steps of an epoch have made unsound."""
    return TrainingError(f"{place}: after its last step nothing can be computed with {shown(weights)}; {advice}")


def shown(weights: Mapping[str, str]) -> str:
    """The first of the weights, and what is wrong with them; empty where there is none."""
    told = [f"{name} ({what})" for name, what in weights.items()]
    return ", ".join(told[:3]) + (f" and {len(told) - 3} more" if len(told) > 3 else "")


def kept(checkpoint: Path | None) -> str:
    """Where what was computed before stands."""
    return f". The epochs before it are kept in {checkpoint}" if checkpoint is not None and checkpoint.exists() else ""
