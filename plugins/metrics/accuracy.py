"""Top-1 accuracy and cross-entropy of a classifier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from prunekit.core.data.contract import DataError
from prunekit.registry import Register, RegisterType


@dataclass(frozen=True)
class AccuracyResult:
    """What `Accuracy` found.

    Attributes:
        correct: Samples whose largest output is the target's.
        total: Samples seen.
        loss: Sum of the cross-entropy over the samples, in nats; infinite where an output is not finite.
    """

    correct: int
    total: int
    loss: float

    @property
    def accuracy(self) -> float:
        """Share of correct samples, 0 to 1."""
        return self.correct / self.total

    @property
    def mean_loss(self) -> float:
        """Cross-entropy of a sample, in nats."""
        return self.loss / self.total


@Register.register(RegisterType.METRIC, name="accuracy")
class Accuracy:
    """Accumulates correct samples and cross-entropy over batches of logits [N, classes] and labels [N]."""

    def __init__(self) -> None:
        self._correct = 0
        self._total = 0
        self._loss = 0.0

    def update(self, outputs: Any, target: Any) -> None:
        """Add a batch.

        Raises:
            DataError: The outputs are no logits, or a label is none of the network's classes.
        """
        logits, labels = _logits(outputs), np.asarray(target)
        if labels.shape != logits.shape[:1] or labels.dtype.kind not in "iu":
            raise DataError(
                f"accuracy needs one whole number as label of each of {len(logits)} samples;"
                f" the target is {labels.dtype} {list(labels.shape)}"
            )
        if not len(labels):
            return
        classes = logits.shape[1]
        if labels.min() < 0 or labels.max() >= classes:
            place = int(labels.argmin() if labels.min() < 0 else labels.argmax())
            raise DataError(
                f"a target is {labels[place]}, but the network has {classes} classes (0 to {classes - 1});"
                f" does its class_num fit the dataset? It is the target of sample {self._total + place}"
            )
        finite = np.isfinite(logits).all(axis=1)
        right = np.where(finite, logits.argmax(axis=1) == labels, False)  # a broken network is wrong, not lucky
        self._correct += int(right.sum())
        self._total += len(labels)
        self._loss += _cross_entropy(logits, labels) if finite.all() else float("inf")

    def result(self) -> AccuracyResult:
        """Return the figures over all batches so far.

        Raises:
            DataError: There was no sample.
        """
        if not self._total:
            raise DataError("accuracy of no samples: the evaluation saw no batch")
        return AccuracyResult(self._correct, self._total, self._loss)


def _logits(outputs: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    if not isinstance(outputs, np.ndarray) or outputs.ndim != 2:
        shape = list(outputs.shape) if isinstance(outputs, np.ndarray) else type(outputs).__name__
        raise DataError(f"accuracy needs the network's outputs as one array [N, classes]; they are {shape}")
    return outputs.astype(np.float64)


def _cross_entropy(logits: np.ndarray[Any, Any], labels: np.ndarray[Any, Any]) -> float:
    shifted = logits - logits.max(axis=1, keepdims=True)
    return float((np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(labels)), labels]).sum())
