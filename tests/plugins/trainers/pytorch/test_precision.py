"""Mixed precision: on the CPU for real, the scaled float16 of other devices by its parts."""

from __future__ import annotations

from collections import namedtuple
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from prunekit.core.training import EpochReport
from prunekit.plugins.trainers.errors import TrainingError
from prunekit.plugins.trainers.pytorch.precision import Precision
from prunekit.plugins.trainers.pytorch.trainer import Trainer

CPU, GPU = torch.device("cpu"), torch.device("cuda")


def data(epoch: int) -> Any:
    rng = np.random.default_rng([7, epoch])
    for _ in range(4):
        target = rng.integers(0, 3, 16)
        yield (rng.normal(size=(16, 6)) + 2 * np.eye(3, 6)[target]).astype(np.float32), target


class Watched(nn.Module):
    """Writes down in which precision it computes and its loss is taken."""

    def __init__(self) -> None:
        super().__init__()
        with torch.random.fork_rng([]):
            torch.manual_seed(0)
            self.layer = nn.Linear(6, 3)
        self.seen: set[tuple[str, torch.dtype]] = set()

    def forward(self, inputs: Tensor) -> Any:
        outputs = self.layer(inputs)
        self.seen.add(("forward", outputs.dtype))
        return {"out": [outputs]}

    def loss(self, outputs: dict[str, list[Tensor]], target: Tensor) -> Tensor:
        self.seen |= {("loss", outputs["out"][0].dtype), ("weights", self.layer.weight.dtype)}
        return nn.functional.cross_entropy(outputs["out"][0] @ torch.eye(3), target)


def test_forward_is_mixed_and_the_loss_float32() -> None:
    plain, mixed = Watched(), Watched()
    Trainer(epochs=1).fit(plain, data)
    Trainer(epochs=1, use_amp=True).fit(mixed, data)
    assert plain.seen == {(name, torch.float32) for name in ("forward", "loss", "weights")}
    assert mixed.seen == {("forward", torch.bfloat16), ("loss", torch.float32), ("weights", torch.float32)}
    off = (plain.layer.weight - mixed.layer.weight).abs().max()
    assert 0 < off < 0.01


def test_it_learns_and_a_killed_training_ends_as_an_uninterrupted_one(tmp_path: Path) -> None:
    path, losses = tmp_path / "training.pt", list[float]()

    def trained(goal: nn.Module, seen: Any = None, checkpoint: Path | None = None) -> nn.Module:
        return Trainer(epochs=4, use_amp=True, grad_clip=1.0).fit(goal, data, seen, checkpoint=checkpoint)

    def kill(report: EpochReport) -> None:
        if report.epoch == 2:
            raise KeyboardInterrupt

    whole = trained(Watched(), lambda report: losses.append(report.loss))
    with pytest.raises(KeyboardInterrupt):
        trained(Watched(), kill, path)
    resumed = trained(Watched(), None, path)
    assert torch.equal(whole.get_parameter("layer.weight"), resumed.get_parameter("layer.weight"))
    assert losses[-1] < 0.8 * losses[0]
    with pytest.raises(TrainingError, match="written with other settings"):
        Trainer(epochs=4, grad_clip=1.0).fit(Watched(), data, checkpoint=path)


def test_a_loss_that_is_not_finite_names_it() -> None:
    batch, watched, factors = (np.ones((2, 6), np.float32), np.array([0, 1])), Watched(), iter([1.0, np.nan])
    watched.loss = lambda outputs, target: torch.tensor(next(factors), requires_grad=True)  # type: ignore[assignment]
    with pytest.raises(TrainingError, match=r"set grad_clip, or leave use_amp out$"):
        Trainer(use_amp=True).fit(watched, lambda epoch: [batch, batch])


def test_outputs_become_float32_however_they_are_nested() -> None:
    pair = namedtuple("pair", "half label")
    half, label = torch.zeros(1, dtype=torch.float16), torch.zeros(1, dtype=torch.int64)
    found = Precision(CPU, True).outputs(({"a": [half], "b": pair(half, label)}, label))
    assert found[0]["a"][0].dtype == found[0]["b"].half.dtype == torch.float32
    assert isinstance(found[0]["b"], pair) and found[0]["b"].label is label and found[1] is label
    assert Precision(CPU, False).outputs(half) is half


def test_the_scale_of_float16_is_kept(tmp_path: Path) -> None:
    """A scaler works on CPU tensors too, so its part can be seen without a card."""
    scaled = Precision(CPU, True)
    scaled._scaler = torch.amp.GradScaler("cpu", init_scale=1024.0, growth_interval=1)
    weight = nn.Parameter(torch.tensor([1.0]))
    network, optimizer = nn.ParameterList([weight]), torch.optim.SGD([weight], lr=0.1)
    scaled.gather((3 * weight).sum())
    scaled.step(network, optimizer, None)
    assert weight.item() == pytest.approx(0.7)
    optimizer.zero_grad()
    scaled.gather((3 * weight).sum())
    scaled.step(network, optimizer, 1.0)
    assert weight.item() == pytest.approx(0.6)  # clipped as the true gradient is, not the scaled one
    optimizer.zero_grad()
    scaled.gather((torch.inf * weight).sum())
    scaled.step(network, optimizer, 1.0)
    assert weight.item() == pytest.approx(0.6)  # left out
    state = scaled.state_dict()
    assert state["scale"] == 1024.0 * 4 / 2
    other = Precision(CPU, True)
    other._scaler = torch.amp.GradScaler("cpu")
    torch.save(state, tmp_path / "state")
    other.load_state_dict(torch.load(tmp_path / "state", weights_only=True))
    assert other.state_dict() == state
    assert Precision(CPU, True).state_dict() == Precision(GPU, False).state_dict() == {}


@pytest.mark.gpu
def test_on_a_gpu(tmp_path: Path) -> None:
    goal = Watched()
    trainer = Trainer("GPU", epochs=2, use_amp=True)
    trainer.fit(nn.Sequential(goal.layer), data, checkpoint=tmp_path / "training.pt")
    found = torch.load(tmp_path / "training.pt", weights_only=True)
    assert found["precision"]["scale"] > 0
