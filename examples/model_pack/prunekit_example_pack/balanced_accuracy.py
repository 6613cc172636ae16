"""A metric for data whose classes differ in size: accuracy, averaged over the classes."""

from __future__ import annotations

from typing import Any

import numpy as np

from prunekit import Register, RegisterType
from prunekit.core.data.contract import DataError
from prunekit.core.metric import Measured


@Register.register(RegisterType.METRIC, name="balanced_accuracy")
class BalancedAccuracy:
    """Mean over the classes of the share of their samples that is recognized; a rare class counts like any other.

    Its error is that of a mean of independent shares: each class's binomial variance, over the classes squared.
    """

    is_rate = True  # 1 - value is a rate of errors, which rewards take as it is
    judges = "labels"  # a dataset that says other targets is refused by `prunekit check`

    def __init__(self) -> None:
        self._seen: Any = np.zeros(0, np.int64)
        self._right: Any = np.zeros(0, np.int64)

    def update(self, outputs: Any, target: Any) -> None:
        labels, logits = np.asarray(target), np.asarray(outputs)
        if logits.ndim != 2 or labels.shape != logits.shape[:1] or not np.isin(labels, range(logits.shape[1])).all():
            raise DataError(f"balanced_accuracy needs logits [N, classes] and labels [N]; they are {logits.shape} and"
                            f" {labels.shape}, or a label is none of the classes")  # fmt: skip
        right = labels[logits.argmax(axis=1) == labels]
        self._seen = np.bincount(labels, minlength=logits.shape[1]) + (self._seen if len(self._seen) else 0)
        self._right = np.bincount(right, minlength=logits.shape[1]) + (self._right if len(self._right) else 0)

    def result(self, error: bool = True) -> Measured:
        present = self._seen > 0
        if not present.any():
            raise DataError("balanced_accuracy of no samples: the evaluation saw no batch")
        seen = self._seen[present]
        shares = self._right[present] / seen
        deviation = float(np.sqrt((shares * (1 - shares) / seen).sum()) / len(shares)) if error else None
        return Measured(float(shares.mean()), deviation, None, {"worst_class": float(shares.min())}, int(seen.sum()))
