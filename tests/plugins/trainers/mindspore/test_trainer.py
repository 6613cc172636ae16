from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mindspore
import numpy as np
import pytest
from mindspore import Tensor, nn, ops
from safetensors.numpy import load_file

from prunekit.core.data import Batch, DataError, batches
from prunekit.core.training import EpochReport
from prunekit.plugins.backends.mindspore.seeding import seeded
from prunekit.plugins.trainers.errors import LabelsError, TrainingError
from prunekit.plugins.trainers.mindspore.trainer import Trainer


def data(epoch: int) -> Iterator[Batch]:
    rng = np.random.default_rng([7, epoch])
    for _ in range(4):
        target = rng.integers(0, 3, 16)
        yield (rng.normal(size=(16, 6)) + 2 * np.eye(3, 6)[target]).astype(np.float32), target


def listed(epoch: int) -> list[Batch]:
    return list(data(epoch))


def network(seed: int = 0) -> nn.Cell:
    with seeded(seed):
        layers = [nn.Dense(6, 12), nn.BatchNorm1d(12), nn.ReLU(), nn.Dropout(p=0.3), nn.Dense(12, 3)]
        return nn.SequentialCell(*layers)


def arrays(goal: nn.Cell) -> dict[str, Any]:
    return {weight.name: weight.asnumpy() for weight in goal.get_parameters()}


def same(one: nn.Cell, other: nn.Cell) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(arrays(one).values(), arrays(other).values(), strict=True))


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
def test_training_is_deterministic_and_leaves_generators_alone(kind: str) -> None:
    settings = {**SETTINGS, "optimizer": {"type": kind, "lr": 0.01}}
    first, second, other = network(), network(1), network()
    dropout = first[3].dropout
    second[3].p, second[3].dropout = 0.3, nn.Dropout(p=0.3).dropout
    for weight, values in zip(second.get_parameters(), arrays(first).values(), strict=True):
        weight.set_data(Tensor(values))
    seed, numbers = mindspore.get_seed(), np.random.get_state()[1].copy()  # type: ignore[index,union-attr]
    Trainer(**settings).fit(first, data)
    assert mindspore.get_seed() == seed and np.array_equal(np.random.get_state()[1], numbers)  # type: ignore[index]
    assert first[3].dropout is dropout
    Trainer(**settings).fit(second, data)
    assert same(first, second)
    Trainer(**{**settings, "seed": 4}).fit(other, data)
    assert not same(first, other)  # dropout draws from the seed


@pytest.mark.parametrize("kind", ["SGD", "Adam"])
@pytest.mark.parametrize("stop", [0, 2])
def test_killed_training_ends_as_an_uninterrupted_one(tmp_path: Path, kind: str, stop: int) -> None:
    optimizer = {"type": kind, "lr": 0.02, **({"momentum": 0.9} if kind == "SGD" else {"amsgrad": True})}
    settings = {**SETTINGS, "optimizer": optimizer}
    whole, path = network(), tmp_path / "training"
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
    assert same(whole, finished) and os.listdir(tmp_path) == ["training"]
    assert load_file(path).keys() > {f"network/{name}" for name in arrays(whole)}


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
    path = tmp_path / "training"
    Trainer(**SETTINGS).fit(network(), data, checkpoint=path)
    with pytest.raises(TrainingError, match="written with other settings"):
        Trainer(**{**SETTINGS, "seed": 8}).fit(network(), data, checkpoint=path)
    with pytest.raises(TrainingError, match=r"no checkpoint of this training \(its weights have other names\)"):
        Trainer(**SETTINGS).fit(nn.Dense(6, 3), data, checkpoint=path)
    narrow = nn.SequentialCell(nn.Dense(6, 9), nn.BatchNorm1d(9), nn.ReLU(), nn.Identity(), nn.Dense(9, 3))
    with pytest.raises(TrainingError, match=r"0\.weight has the shape \[12, 6\], not \[9, 6\]"):
        Trainer(**SETTINGS).fit(narrow, data, checkpoint=path)
    path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(TrainingError, match="remove it to start anew"):
        Trainer(**SETTINGS).fit(network(), data, checkpoint=path)


def test_no_epochs_change_nothing() -> None:
    goal = network()
    Trainer(epochs=0).fit(goal, lambda epoch: pytest.fail("no data is needed"))
    assert same(goal, network())


def test_modes_are_kept() -> None:
    goal = network()
    Trainer(epochs=1).fit(goal, data, lambda report: goal.set_train(False) and None)
    assert not any(cell.training for _, cell in goal.cells_and_names())
    goal.set_train(True)
    goal[3].set_train(False)
    Trainer(epochs=1).fit(goal, data)
    assert goal.training and not goal[3].training


def test_frozen_weights_stay() -> None:
    goal = network()
    goal[0].weight.requires_grad = False
    before = arrays(network())
    Trainer(**SETTINGS).fit(goal, data)
    changed = {name for name, values in arrays(goal).items() if not np.array_equal(values, before[name])}
    assert changed == before.keys() - {"0.weight"}


def test_network_with_its_own_loss_and_dict_inputs() -> None:
    class Own(nn.Cell):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Dense(2, 1)

        def construct(self, left: Tensor, right: Tensor) -> dict[str, Tensor]:
            return {"out": self.layer(left + right)}

        def loss(self, outputs: dict[str, Tensor], target: dict[str, Tensor]) -> Tensor:
            return ((outputs["out"] - target["y"]) ** 2).mean()

    ones = np.ones((4, 2), np.float32)
    batch = ({"left": ones, "right": ones}, {"y": np.full((4, 1), 3, np.float32)})
    losses: list[float] = []
    Trainer(epochs=5, optimizer={"type": "SGD", "lr": 0.02}).fit(  # type: ignore[arg-type]
        Own(), lambda epoch: [batch], lambda report: losses.append(report.loss)
    )
    assert losses == sorted(losses, reverse=True) and losses[-1] < losses[0]


class Inside(nn.Dense):
    """It needs the targets inside, as detectors of two stages do."""

    def __init__(self) -> None:
        super().__init__(6, 1)

    def losses(self, inputs: Tensor, target: list[dict[str, Tensor]]) -> dict[str, Tensor]:
        wanted = ops.stack([each["sum"] for each in target])
        return {"first": ((self(inputs) - wanted) ** 2).mean(), "second": (self.weight**2).sum() * 0.01}


def test_network_that_needs_the_targets_inside() -> None:
    inputs = np.random.default_rng(0).normal(size=(4, 6)).astype(np.float32)
    batch = inputs, [{"sum": row.sum(keepdims=True)} for row in inputs]
    losses: list[float] = []
    Trainer(epochs=9, optimizer={"type": "SGD", "lr": 0.1}).fit(  # type: ignore[arg-type]
        Inside(), lambda epoch: [batch], lambda report: losses.append(report.loss)
    )
    assert losses == sorted(losses, reverse=True) and losses[-1] < 0.3 * losses[0]


class Diverging(nn.Dense):
    """Its loss is given."""

    def __init__(self, *losses: float) -> None:
        super().__init__(6, 3)
        self.losses = list(losses)

    def loss(self, outputs: Tensor, target: Any) -> Tensor:
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
        trainer.fit(nn.Dense(6, 3), lambda epoch: [(1000 * inputs, target)], checkpoint=tmp_path / "checkpoint")
    assert not (tmp_path / "checkpoint").exists()


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_not_trained(value: float) -> None:
    broken = network()
    weight = broken[4].weight.asnumpy().copy()
    weight[1, 2] = value
    broken[4].weight.set_data(Tensor(weight))
    with pytest.raises(
        TrainingError, match=r"SequentialCell cannot be trained: .* with 4.weight \((NaN|infinite values)\)"
    ):
        Trainer().fit(broken, data)


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
    watched.register_forward_pre_hook(lambda cell, inputs: calls.append(1))
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
    frozen = network()
    for weight in frozen.get_parameters():
        weight.requires_grad = False
    with pytest.raises(TrainingError, match="nothing to train"):
        Trainer().fit(frozen, data)
    with pytest.raises(TrainingError, match="a target is 3, but the network has 3 classes"):
        Trainer().fit(network(), lambda epoch: [(np.zeros((2, 6), np.float32), np.array([0, 3]))])
    flat = nn.SequentialCell(nn.Dense(6, 1), nn.Flatten(start_dim=0))
    with pytest.raises(TrainingError, match=r"gives \[2\], not logits"):
        Trainer().fit(flat, lambda epoch: [(np.zeros((2, 6), np.float32), np.array([0, 0]))])
    goal = network()
    Trainer(**SETTINGS).fit(goal, data)  # what was raised inside a gradient leaves nothing behind
    assert not same(goal, network())


def test_all_wrong_settings_are_named() -> None:
    with pytest.raises(TrainingError) as caught:
        Trainer(epochs=-1, loss={"type": "CrossEntropy"}, grad_clip=0.0)  # type: ignore[arg-type]
    lines = str(caught.value).splitlines()
    assert lines[0] == "loss: no loss 'CrossEntropy'. Did you mean 'CrossEntropyLoss'?"
    assert lines[1] == "epochs: -1 is below 0" and lines[2].startswith("grad_clip: 0.0")
