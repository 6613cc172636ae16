"""Mixed precision, which MindSpore has on the CPU as well."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mindspore
import numpy as np
import pytest
from mindspore import Tensor, nn, ops

from prunekit.core.training import EpochReport
from prunekit.plugins.backends.mindspore.seeding import seeded
from prunekit.plugins.trainers.errors import TrainingError
from prunekit.plugins.trainers.mindspore.precision import Precision
from prunekit.plugins.trainers.mindspore.trainer import Trainer


def data(epoch: int) -> Any:
    rng = np.random.default_rng([7, epoch])
    for _ in range(4):
        target = rng.integers(0, 3, 16)
        yield (rng.normal(size=(16, 6)) + 2 * np.eye(3, 6)[target]).astype(np.float32), target


class Watched(nn.Cell):
    """Writes down in which precision it computes and its loss is taken."""

    def __init__(self) -> None:
        super().__init__()
        with seeded(0):
            self.layer = nn.Dense(6, 3)
        self.seen: set[tuple[str, Any]] = set()

    def construct(self, inputs: Tensor) -> Any:
        outputs = self.layer(inputs)
        self.seen.add(("product", ops.matmul(inputs, inputs.T).dtype))
        return {"out": [outputs]}

    def loss(self, outputs: dict[str, list[Tensor]], target: Tensor) -> Tensor:
        self.seen |= {("loss", outputs["out"][0].dtype), ("weights", self.layer.weight.dtype)}
        self.seen.add(("loss product", ops.matmul(outputs["out"][0], ops.eye(3, 3, mindspore.float32)).dtype))
        return ops.cross_entropy(outputs["out"][0], target.astype(mindspore.int32))


SCALER = "prunekit.plugins.trainers.mindspore.precision."


def test_forward_is_mixed_and_the_loss_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{SCALER}_FIRST_SCALE", 1024.0)  # so that no step is left out
    plain, mixed = Watched(), Watched()
    Trainer(epochs=1).fit(plain, data)
    Trainer(epochs=1, use_amp=True).fit(mixed, data)
    others = {(name, mindspore.float32) for name in ("loss", "loss product", "weights")}
    assert plain.seen == {("product", mindspore.float32), *others}
    assert mixed.seen == {("product", mindspore.float16), *others}
    off = np.abs(plain.layer.weight.asnumpy() - mixed.layer.weight.asnumpy()).max()
    assert 0 < off < 0.01


def test_it_learns_and_a_killed_training_ends_as_an_uninterrupted_one(tmp_path: Path) -> None:
    path, losses = tmp_path / "training", list[float]()

    def trained(goal: nn.Cell, seen: Any = None, checkpoint: Path | None = None) -> Any:
        Trainer(epochs=4, use_amp=True, grad_clip=1.0).fit(goal, data, seen, checkpoint=checkpoint)
        return goal.layer.weight.asnumpy()

    def kill(report: EpochReport) -> None:
        if report.epoch == 2:
            raise KeyboardInterrupt

    whole = trained(Watched(), lambda report: losses.append(report.loss))
    with pytest.raises(KeyboardInterrupt):
        trained(Watched(), kill, path)
    assert np.array_equal(whole, trained(Watched(), None, path))
    assert losses[-1] < 0.8 * losses[0]
    with pytest.raises(TrainingError, match="written with other settings"):
        Trainer(epochs=4, grad_clip=1.0).fit(Watched(), data, checkpoint=path)


def test_a_loss_that_is_not_finite_names_it() -> None:
    batch, watched, factors = (np.ones((2, 6), np.float32), np.array([0, 1])), Watched(), iter([1.0, np.nan])
    watched.loss = lambda outputs, target: outputs["out"][0].sum() * next(factors)
    with pytest.raises(TrainingError, match=r"set grad_clip, or leave use_amp out$"):
        Trainer(use_amp=True).fit(watched, lambda epoch: [batch, batch])


def test_the_scale_follows_the_gradients(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{SCALER}_GROWS_AFTER", 2)
    scaled, whole = Precision(True), Tensor(np.full(2, 65536, np.float32))
    found = scaled.unscaled([whole])
    assert found is not None and found[0].asnumpy().tolist() == [1, 1] and scaled.scale == 65536
    assert scaled.unscaled([whole, Tensor(np.array([np.inf], np.float32))]) is None and scaled.scale == 32768
    scaled.unscaled([whole])
    assert (scaled.scale, scaled.good_steps) == (32768, 1)
    scaled.unscaled([whole])
    assert (scaled.scale, scaled.good_steps) == (65536, 0)
    plain = Precision(False)
    assert plain.unscaled([whole]) == [whole] and plain.scale == 1
