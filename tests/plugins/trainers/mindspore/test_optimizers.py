"""The optimizers against PyTorch's, from the same weights: every option, after three steps."""

from __future__ import annotations

from typing import Any

import mindspore
import numpy as np
import pytest
import torch
from mindspore import nn

from prunekit.plugins.trainers.errors import TrainingError
from prunekit.plugins.trainers.mindspore.trainer import Trainer as MindsporeTrainer
from prunekit.plugins.trainers.pytorch.trainer import Trainer as PytorchTrainer

RENAMED = {"gamma": "weight", "beta": "bias", "moving_mean": "running_mean", "moving_variance": "running_var"}


def twins() -> tuple[nn.Cell, torch.nn.Module]:
    """A network of convolutions, normalizations and a linear layer in both frameworks, with the same weights."""
    mindspore.set_seed(0)
    ours = nn.SequentialCell(
        nn.Conv2d(2, 6, 3, pad_mode="pad", padding=1), nn.BatchNorm2d(6), nn.Tanh(),
        nn.Conv2d(6, 4, 3, stride=2, pad_mode="pad", padding=1), nn.BatchNorm2d(4), nn.Tanh(), nn.Flatten(),
        nn.Dense(16, 5),
    )  # fmt: skip
    theirs = torch.nn.Sequential(
        torch.nn.Conv2d(2, 6, 3, padding=1, bias=False), torch.nn.BatchNorm2d(6), torch.nn.Tanh(),
        torch.nn.Conv2d(6, 4, 3, stride=2, padding=1, bias=False), torch.nn.BatchNorm2d(4), torch.nn.Tanh(),
        torch.nn.Flatten(), torch.nn.Linear(16, 5),
    )  # fmt: skip
    state = theirs.state_dict()
    for weight in ours.get_parameters():
        state[renamed(weight.name)].copy_(torch.from_numpy(weight.asnumpy().copy()))
    return ours, theirs


def renamed(name: str) -> str:
    number, _, last = name.rpartition(".")
    return f"{number}.{RENAMED.get(last, last)}"


def data(epoch: int) -> Any:
    rng = np.random.default_rng(epoch)
    for _ in range(3):
        target = rng.integers(0, 5, 8)
        target[0] = -100
        yield rng.normal(size=(8, 2, 4, 4)).astype(np.float32), target


def listed(epoch: int) -> Any:
    return list(data(epoch))


SGD = {"type": "SGD", "lr": 0.1}
ADAM = {"type": "Adam", "lr": 0.003}


@pytest.mark.parametrize(
    "settings",
    [
        {"optimizer": SGD},
        {"optimizer": {**SGD, "momentum": 0.9}},
        {"optimizer": {**SGD, "momentum": 0.9, "dampening": 0.3}},
        {"optimizer": {**SGD, "weight_decay": 0.1}},
        {"optimizer": {**SGD, "momentum": 0.8, "nesterov": True, "weight_decay": 0.01}},
        {"optimizer": ADAM},
        {"optimizer": {**ADAM, "betas": [0.5, 0.7], "eps": 0.01}},
        {"optimizer": {**ADAM, "weight_decay": 0.1}},
        {"optimizer": {**ADAM, "amsgrad": True, "betas": [0.9, 0.3]}},
        {"optimizer": {**ADAM, "type": "AdamW", "weight_decay": 0.5}},
        {"optimizer": {**SGD, "weight_decay": 0.1}, "decay_norms_and_biases": False, "accumulate": 2},
        {"optimizer": SGD, "param_groups": [{"match": "0.*", "lr_mult": 0.3}, {"match": "3.*", "decay_mult": 0.0}]},
        {"optimizer": SGD, "warmup_epochs": 1.5, "epochs": 2, "ema_decay": 0.9, "ema_ramp": 2.0},
        {"optimizer": SGD, "lr_scheduler": {"type": "PolynomialLR", "by_epoch": False}},
        {"optimizer": SGD, "loss": {"type": "CrossEntropyLoss", "label_smoothing": 0.2, "ignore_index": 3}},
        {"optimizer": SGD, "grad_clip": 0.05},
        {"optimizer": SGD, "grad_clip": 1000.0, "lr_scheduler": {"type": "StepLR", "step_size": 1}, "epochs": 2},
    ],
    ids=str,
)
def test_three_steps_are_those_of_pytorch(settings: dict[str, Any]) -> None:
    ours, theirs = twins()
    before = {weight.name: weight.asnumpy().copy() for weight in ours.get_parameters()}
    told: list[float] = []
    batches = listed if "loss" not in settings else lambda epoch: [(x, abs(target) % 5) for x, target in data(epoch)]
    MindsporeTrainer(**settings).fit(ours, batches, lambda report: told.append(report.loss))
    PytorchTrainer(**settings).fit(theirs, batches, lambda report: told.append(report.loss))
    assert told[: len(told) // 2] == pytest.approx(told[len(told) // 2 :], rel=1e-6)
    state = theirs.state_dict()
    for weight in ours.get_parameters():
        found, wanted = weight.asnumpy(), state[renamed(weight.name)].numpy()
        assert np.abs(found - before[weight.name]).max() > 0
        assert np.abs(found - wanted).max() <= 1e-6 * max(1.0, np.abs(wanted).max()), weight.name


def test_contradicting_parameters() -> None:
    with pytest.raises(TrainingError, match="optimizer: Nesterov momentum requires a momentum and zero dampening"):
        MindsporeTrainer(optimizer={"type": "SGD", "nesterov": True}).fit(twins()[0], data)  # type: ignore[arg-type]
