from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from prunekit.core.data import Batch, DataError, batches
from prunekit.core.training import EpochReport
from prunekit.plugins.trainers.errors import LabelsError, TrainingError
from prunekit.plugins.trainers.pytorch.trainer import Trainer


def data(epoch: int) -> Iterator[Batch]:
    rng = np.random.default_rng([7, epoch])
    for _ in range(4):
        target = rng.integers(0, 3, 16)
        yield (rng.normal(size=(16, 6)) + 2 * np.eye(3, 6)[target]).astype(np.float32), target


def listed(epoch: int) -> list[Batch]:
    return list(data(epoch))


def network(seed: int = 0) -> nn.Module:
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        return nn.Sequential(nn.Linear(6, 12), nn.BatchNorm1d(12), nn.ReLU(), nn.Dropout(0.3), nn.Linear(12, 3))


def same(one: nn.Module, other: nn.Module) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True))


SETTINGS: dict[str, Any] = {
    "epochs": 4,
    "optimizer": {"type": "SGD", "params": {"lr": 0.05, "momentum": 0.9, "weight_decay": 1e-4}},
    "lr_scheduler": {"type": "CosineAnnealingLR"},
    "seed": 3,
}


def test_training_learns_and_reports() -> None:
    reports: list[EpochReport] = []
    goal = network()
    assert Trainer("CPU", **SETTINGS).fit(goal, data, reports.append) is goal
    assert [report.epoch for report in reports] == [0, 1, 2, 3] and reports[0].epochs == 4
    assert reports[-1].loss < 0.85 * reports[0].loss
    assert reports[0].lr == 0.05 > reports[1].lr > reports[3].lr


@pytest.mark.parametrize("kind", ["SGD", "Adam"])
def test_training_is_deterministic_and_leaves_the_generator_alone(kind: str) -> None:
    settings = {**SETTINGS, "optimizer": {"type": kind, "lr": 0.01}}
    first, second, other = network(), network(), network()
    torch.manual_seed(1)
    before = torch.get_rng_state()
    Trainer(**settings).fit(first, data)
    assert torch.equal(before, torch.get_rng_state())
    torch.manual_seed(2)
    Trainer(**settings).fit(second, data)
    assert same(first, second)
    Trainer(**{**settings, "seed": 4}).fit(other, data)
    assert not same(first, other)  # dropout draws from the seed


DETECTION: dict[str, Any] = {  # how detectors are trained
    "warmup_epochs": 1.5, "ema_decay": 0.9, "ema_ramp": 3.0, "accumulate": 3, "decay_norms_and_biases": False,
    "param_groups": [{"match": "0.*", "lr_mult": 0.5}],
    "lr_scheduler": {"type": "PolynomialLR", "by_epoch": False},
}  # fmt: skip


@pytest.mark.parametrize("kind, more", [("SGD", {}), ("Adam", {}), ("AdamW", DETECTION)])
@pytest.mark.parametrize("stop", [0, 2])
def test_killed_training_ends_as_an_uninterrupted_one(
    tmp_path: Path, kind: str, more: dict[str, Any], stop: int
) -> None:
    settings = {**SETTINGS, "optimizer": {"type": kind, "lr": 0.02}, **more}
    whole, path = network(), tmp_path / "training.pt"
    Trainer(**settings).fit(whole, listed)

    def kill(report: EpochReport) -> None:
        if report.epoch == stop:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Trainer(**settings).fit(network(), listed, kill, checkpoint=path)
    assert path.exists() == (stop > 0)
    seen: list[int] = []
    resumed = network(seed=9 if stop else 0)
    Trainer(**settings).fit(resumed, listed, lambda report: seen.append(report.epoch), checkpoint=path)
    assert same(whole, resumed) and seen == list(range(stop, 4))
    finished = network(seed=5)
    Trainer(**settings).fit(finished, listed, checkpoint=path)
    assert same(whole, finished) and os.listdir(tmp_path) == ["training.pt"]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"batch_size": 16}, "batch_size: 64 -> 16"),
        ({"seed": 1}, "data_seed: 0 -> 1"),
        ({"world": 2}, "world: 1 -> 2"),
        ({"batch_size": 16, "drop_last": True}, "batch_size: 64 -> 16, drop_last: False -> True"),
    ],
)
@pytest.mark.parametrize("epochs", [1, 2])
def test_checkpoint_of_other_batches_is_refused(
    tmp_path: Path, changed: dict[str, Any], told: str, epochs: int
) -> None:
    samples = [
        (inputs, label) for all_inputs, target in data(0) for inputs, label in zip(all_inputs, target, strict=True)
    ]

    def with_data(stop: int, **settings: Any) -> None:
        def epoch_batches(epoch: int) -> Iterator[Batch]:
            if epoch == stop:
                raise KeyboardInterrupt
            return batches(samples, **{"batch_size": 64, "shuffle": True, "epoch": epoch, **settings})  # type: ignore[arg-type]

        Trainer(epochs=2).fit(network(), epoch_batches, checkpoint=tmp_path / "checkpoint")

    with contextlib.suppress(KeyboardInterrupt):
        with_data(epochs)
    with pytest.raises(TrainingError) as caught:
        with_data(2, **changed)
    assert f"was written with other settings of the training ({told}); undo this, or remove the file" in str(
        caught.value
    )


def test_checkpoint_of_other_batches_that_say_nothing_of_themselves_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint"
    Trainer(epochs=1).fit(network(), data, checkpoint=path)
    with pytest.raises(TrainingError, match="batch_size: 16 -> 8"):
        Trainer(epochs=1).fit(network(), lambda epoch: [(x[:8], y[:8]) for x, y in data(epoch)], checkpoint=path)


def test_checkpoint_of_another_training_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "training.pt"
    Trainer(**SETTINGS).fit(network(), data, checkpoint=path)
    with pytest.raises(TrainingError, match="written with other settings"):
        Trainer(**{**SETTINGS, "seed": 8}).fit(network(), data, checkpoint=path)
    with pytest.raises(TrainingError, match="no checkpoint of this training"):
        Trainer(**SETTINGS).fit(nn.Linear(6, 3), data, checkpoint=path)
    torch.save(nn.Linear(1, 1), path)
    with pytest.raises(TrainingError, match="remove it to start anew"):
        Trainer(**SETTINGS).fit(network(), data, checkpoint=path)


def test_no_epochs_change_nothing() -> None:
    goal = network()
    Trainer(epochs=0).fit(goal, lambda epoch: pytest.fail("no data is needed"))
    assert same(goal, network())


def test_modes_are_kept() -> None:
    goal = network().eval()
    Trainer(epochs=1).fit(goal, data, lambda report: goal.eval() and None)
    assert not any(module.training for module in goal.modules())
    goal.train()[3].eval()
    Trainer(epochs=1).fit(goal, data)
    assert goal.training and not goal[3].training


def test_network_with_its_own_loss_and_dict_inputs() -> None:
    class Own(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(2, 1)

        def forward(self, left: Tensor, right: Tensor) -> dict[str, Tensor]:
            return {"out": self.layer(left + right)}

        def loss(self, outputs: dict[str, Tensor], target: dict[str, Tensor]) -> Tensor:
            return (outputs["out"] - target["y"]).square().mean()

    ones = np.ones((4, 2), np.float32)
    batch = ({"left": ones, "right": ones}, {"y": np.zeros((4, 1), np.float32)})
    losses: list[float] = []
    Trainer(epochs=5, optimizer={"type": "SGD", "lr": 0.02}).fit(  # type: ignore[arg-type]
        Own(), lambda epoch: [batch], lambda report: losses.append(report.loss)
    )
    assert losses == sorted(losses, reverse=True) and losses[-1] < losses[0]


class Inside(nn.Linear):
    """It needs the targets inside, as detectors of two stages do."""

    def __init__(self) -> None:
        super().__init__(6, 1)

    def losses(self, inputs: Tensor, target: list[dict[str, Tensor]]) -> dict[str, Tensor]:
        assert self.training
        wanted = torch.stack([each["sum"] for each in target])
        return {"first": (self(inputs) - wanted).square().mean(), "second": self.weight.square().sum() * 0.01}

    def loss(self, outputs: Tensor, target: Any) -> Tensor:
        raise AssertionError("losses comes first")


def test_network_that_needs_the_targets_inside() -> None:
    inputs = np.random.default_rng(0).normal(size=(4, 6)).astype(np.float32)
    batch = inputs, [{"sum": row.sum(keepdims=True)} for row in inputs]
    losses: list[float] = []
    Trainer(epochs=9, optimizer={"type": "SGD", "lr": 0.1}).fit(  # type: ignore[arg-type]
        Inside(), lambda epoch: [batch], lambda report: losses.append(report.loss)
    )
    assert losses == sorted(losses, reverse=True) and losses[-1] < 0.3 * losses[0]


def linear() -> nn.Module:
    with torch.random.fork_rng([]):
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(6, 12), nn.Tanh(), nn.Linear(12, 3))


def test_batches_that_are_gathered_make_one_step_of_a_large_one() -> None:
    whole, parts = linear(), linear()
    large = [tuple(np.concatenate(each) for each in zip(*listed(0), strict=True))]
    Trainer(optimizer={"type": "SGD", "lr": 0.3}).fit(whole, lambda epoch: large)  # type: ignore[arg-type]
    Trainer(optimizer={"type": "SGD", "lr": 0.3}, accumulate=4).fit(parts, data)  # type: ignore[arg-type]
    for one, other in zip(whole.parameters(), parts.parameters(), strict=True):
        assert torch.allclose(one, other, atol=1e-6)
    Trainer(accumulate=3).fit(rest := linear(), data)  # a step of three batches, and one of the last
    assert not same(rest, linear())


def test_what_is_frozen_stays_with_its_statistics() -> None:
    goal = network()
    groups = [{"match": "[01].*", "frozen": True}]
    Trainer(**SETTINGS, param_groups=groups).fit(goal, data)
    changed = {
        name for name, value in goal.state_dict().items() if not torch.equal(value, network().state_dict()[name])
    }
    assert changed == {"4.weight", "4.bias"}
    assert all(weight.requires_grad for weight in goal.parameters())
    with pytest.raises(TrainingError, match="nothing to train"):
        Trainer(param_groups=[{"match": "*", "frozen": True}]).fit(network(), data)  # type: ignore[list-item]


def test_the_average_is_what_is_evaluated_and_what_comes_out() -> None:
    """Of a single weight whose gradient is 1, so that it falls by 1 in each step."""

    class Falls(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.tensor(10.0))

        def forward(self, inputs: Tensor) -> Tensor:
            return self.weight

        def loss(self, outputs: Tensor, target: Tensor) -> Tensor:
            return outputs

    goal, seen, wanted, weight = Falls(), list[float](), 10.0, 10.0
    trainer = Trainer(epochs=2, optimizer={"type": "SGD", "lr": 1.0}, ema_decay=0.8, ema_ramp=3.0)  # type: ignore[arg-type]
    trainer.fit(goal, data, lambda report: seen.append(goal.weight.item()))
    for step in range(1, 9):
        kept, weight = 0.8 * (1 - np.exp(-step / 3)), weight - 1
        wanted = kept * wanted + (1 - kept) * weight
    assert goal.weight.item() == pytest.approx(wanted) == pytest.approx(seen[-1])
    assert seen[0] > seen[1] > weight


def test_clipping_bounds_the_step() -> None:
    goal, lr, clip = network(), 1.0, 0.01
    before = torch.cat([weight.detach().clone().flatten() for weight in goal.parameters()])
    trainer = Trainer(optimizer={"type": "SGD", "lr": lr}, grad_clip=clip)  # type: ignore[arg-type]
    trainer.fit(goal, lambda epoch: [next(data(0))])
    after = torch.cat([weight.detach().flatten() for weight in goal.parameters()])
    assert 0 < float((after - before).norm()) <= lr * clip * 1.001


class Diverging(nn.Linear):
    """Its loss is given."""

    def __init__(self, *losses: float) -> None:
        super().__init__(6, 3)
        self.losses = list(losses)

    def loss(self, outputs: Tensor, target: Tensor) -> Tensor:
        return outputs.sum() * 0 + self.losses.pop(0)


def test_loss_that_is_not_finite_says_where() -> None:
    told = r"epoch 1, batch 2: the loss is nan; lower the learning rate \(0.01\) or set grad_clip$"
    with pytest.raises(TrainingError, match=told):
        Trainer().fit(Diverging(1.0, np.nan), data)


def test_the_first_loss_is_not_the_fault_of_the_learning_rate() -> None:
    with pytest.raises(TrainingError, match="batch 1: the loss is inf before any step, although data and weights are"):
        Trainer().fit(Diverging(np.inf), data)


def test_what_a_diverging_training_has_computed_is_kept(tmp_path: Path) -> None:
    path, losses = tmp_path / "checkpoint", [1.0] * 6 + [np.nan]
    with pytest.raises(TrainingError, match=r"epoch 2, batch 3: .*\. The epochs before it are kept in .*checkpoint$"):
        Trainer(epochs=3).fit(Diverging(*losses), data, checkpoint=path)
    seen: list[EpochReport] = []
    Trainer(epochs=3).fit(Diverging(*[1.0] * 8), data, seen.append, checkpoint=path)
    assert [report.epoch for report in seen] == [1, 2]


def test_weights_that_the_last_step_of_an_epoch_ruins_are_no_result(tmp_path: Path) -> None:
    inputs, target = next(data(0))
    trainer = Trainer(optimizer={"type": "SGD", "lr": 3e38})
    with pytest.raises(
        TrainingError, match=r"epoch 1: after its last step .* with weight \(.*\).*; lower the learning"
    ):
        trainer.fit(nn.Linear(6, 3), lambda epoch: [(1000 * inputs, target)], checkpoint=tmp_path / "checkpoint")
    assert not (tmp_path / "checkpoint").exists()


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_not_trained(value: float) -> None:
    broken = network()
    broken[4].weight.data[1, 2] = value
    with pytest.raises(
        TrainingError, match=r"Sequential cannot be trained: .* with 4.weight \((NaN|infinite values)\)"
    ):
        Trainer().fit(broken, data)


def test_a_checkpoint_whose_weights_are_not_finite_is_told(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint"
    Trainer(epochs=1).fit(network(), data, checkpoint=path)
    content = torch.load(path, weights_only=True)
    content["network"]["0.bias"][0] = np.nan
    torch.save(content, path)
    with pytest.raises(TrainingError, match=r"checkpoint: nothing can be computed with 0.bias \(NaN\); remove it to"):
        Trainer(epochs=1).fit(network(), data, checkpoint=path)


def test_data_that_is_not_finite_is_not_called_a_divergence() -> None:
    inputs, target = next(data(0))
    inputs[3, 1] = np.nan
    with pytest.raises(DataError, match="epoch 1, batch 2: NaN in inputs"):
        Trainer().fit(network(), lambda epoch: [next(data(0)), (inputs, target)])


IGNORED = np.full(16, -100)


def test_batches_whose_labels_are_all_ignored_are_left_out() -> None:
    one, other = network(), network()
    plain = list(data(0))
    reports: list[EpochReport] = []
    Trainer(epochs=2).fit(one, lambda epoch: plain)
    Trainer(epochs=2).fit(other, lambda epoch: [(plain[0][0], IGNORED), *plain, (plain[0][0], IGNORED)], reports.append)
    assert same(one, other) and [report.skipped for report in reports] == [2, 2]


def test_labels_that_are_all_ignored_are_refused_before_anything_is_computed() -> None:
    calls: list[int] = []
    watched = network()
    watched.register_forward_pre_hook(lambda *given: calls.append(1))
    with pytest.raises(LabelsError, match=r"in no batch of the training data a label is another than -100"):
        Trainer().fit(watched, lambda epoch: [(inputs, IGNORED) for inputs, _ in data(epoch)])
    assert not calls


def test_boxes_that_are_nowhere_are_refused_and_images_without_any_are_not() -> None:
    def batch(boxes: int) -> Batch:
        return next(data(0))[0], [{"boxes": np.zeros((boxes, 4)), "image_id": np.int64(7)} for _ in range(16)]

    with pytest.raises(LabelsError, match="in no batch of the training data an image has a box"):
        Trainer().fit(Diverging(1.0, 1.0), lambda epoch: [batch(0), batch(0)])
    left = Diverging(1.0, 1.0, 1.0)
    Trainer().fit(left, lambda epoch: [batch(0), batch(2)])
    assert left.losses == [1.0]  # both were trained on


def test_what_cannot_be_trained_is_told() -> None:
    with pytest.raises(TrainingError, match="epoch 1 has no batch"):
        Trainer().fit(network(), lambda epoch: [])
    with pytest.raises(TrainingError, match="nothing to train"):
        Trainer().fit(network().requires_grad_(False), data)
    with pytest.raises(TrainingError, match="a target is 3, but the network has 3 classes"):
        Trainer().fit(network(), lambda epoch: [(np.zeros((2, 6), np.float32), np.array([0, 3]))])
    with pytest.raises(TrainingError, match=r"gives \[2\], not logits"):
        Trainer().fit(
            nn.Sequential(nn.Linear(6, 2), nn.Flatten(0)), lambda epoch: [(np.zeros((1, 6), np.float32), np.array([0]))]
        )


def test_all_wrong_settings_are_named() -> None:
    with pytest.raises(TrainingError) as caught:
        Trainer(
            epochs=-1,
            optimizer={"type": "SGD", "lr": "a", "momentun": 0.9},  # type: ignore[arg-type]
            lr_scheduler={"type": "MultiStepLR", "params": {"milestones": [1], "gamma": "x"}},  # type: ignore[arg-type]
            loss={"type": "CrossEntropy"},  # type: ignore[arg-type]
            grad_clip=0.0,
        )
    lines = str(caught.value).splitlines()
    assert lines[0].startswith("optimizer.params.lr: Input should be a valid number")
    assert lines[1] == "optimizer.params.momentun: no parameter 'momentun'. Did you mean 'momentum'?"
    assert lines[2].startswith("lr_scheduler.params.gamma: Input should be a valid number")
    assert lines[3] == "loss: no loss 'CrossEntropy'. Did you mean 'CrossEntropyLoss'?"
    assert lines[4] == "epochs: -1 is below 0" and lines[5].startswith("grad_clip: 0.0")


def test_contradicting_optimizer_parameters() -> None:
    with pytest.raises(TrainingError, match="Nesterov momentum requires"):
        Trainer(optimizer={"type": "SGD", "nesterov": True}).fit(network(), data)  # type: ignore[arg-type]
