"""Top-1 accuracy and cross-entropy of a classifier."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from prunekit.core.data.contract import DataError
from prunekit.core.metric import Measured
from prunekit.registry import Register, RegisterType


@Register.register(RegisterType.METRIC, name="accuracy")
class Accuracy:
    """Share of samples whose largest logit is the label's, of batches of logits [N, classes] and labels [N].

    Its error is the binomial one; its loss is the cross-entropy of a sample in nats, infinite where an output is not
    finite.
    """

    is_rate: ClassVar[bool] = True
    judges: ClassVar[str] = "labels"

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

    def result(self, error: bool = True) -> Measured:
        """Return the figures over all batches so far.

        Raises:
            DataError: There was no sample.
        """
        if not self._total:
            raise DataError("accuracy of no samples: the evaluation saw no batch")
        value = self._correct / self._total
        binomial = math.sqrt(value * (1 - value) / self._total) if error else None
        figures = {"correct": self._correct, "total": self._total}
        return Measured(value, binomial, self._loss / self._total, figures, self._total)


def _logits(outputs: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    if not isinstance(outputs, np.ndarray) or outputs.ndim != 2:
        shape = list(outputs.shape) if isinstance(outputs, np.ndarray) else type(outputs).__name__
        raise DataError(f"accuracy needs the network's outputs as one array [N, classes]; they are {shape}")
    return outputs.astype(np.float64)


def _cross_entropy(logits: np.ndarray[Any, Any], labels: np.ndarray[Any, Any]) -> float:
    shifted = logits - logits.max(axis=1, keepdims=True)
    return float((np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(labels)), labels]).sum())
