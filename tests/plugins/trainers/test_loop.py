"""The training loop without a framework."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from prunekit.plugins.trainers.loop import EpochReport, Training, TrainingLoop


class Halves:
    """Its loss is half of the first number of the inputs."""

    average = None

    def keeping_modes(self) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()

    def epoch(self, seed: int) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()

    def loss(self, inputs: Any, target: Any) -> float:
        return float(inputs.flat[0]) / 2

    def gather(self, share: float) -> None: ...

    def step(self, lr: float) -> None: ...

    def unsound_weights(self) -> dict[str, str]:
        return {}

    def write(self, path: Path, fingerprint: str, next_epoch: int) -> None: ...

    def read(self, path: Path, fingerprint: str) -> int:
        return 0


class Loop(TrainingLoop):
    def _use(self, device: str) -> None: ...

    def _training(self, network: Any) -> Training:
        return Halves()


@pytest.mark.parametrize("target", [np.zeros((7, 6)), None, {"boxes": [np.zeros((2, 4))]}, 3])
def test_the_mean_loss_is_that_of_a_sample_whatever_the_form_of_the_targets(target: Any) -> None:
    reports: list[EpochReport] = []
    Loop().fit(None, lambda epoch: [(np.full((3, 2), 2.0), target), (np.full((1, 2), 10.0), target)], reports.append)
    assert [report.loss for report in reports] == [2.0]  # (3 * 1 + 1 * 5) / 4
