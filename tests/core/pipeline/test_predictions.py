"""Which images are drawn, and that nothing is of a classifier."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from prunekit.core.pipeline.predictions import FOLDER, draw_predictions


class Masks:
    targets = "masks"
    class_names = ("sky", "road")

    def __len__(self) -> int:
        return 30


class Data:
    """Gives batches of two, in which each image has its number everywhere."""

    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset

    def of(self, split: Any, name: str) -> Any:
        return self._dataset

    def batches(self, split: Any, name: str, indices: list[int]) -> Any:
        for start in range(0, len(indices), 2):
            part = np.array(indices[start : start + 2])
            images = np.broadcast_to(part[:, None, None, None], (len(part), 3, 250, 250)).astype(np.float32)
            yield images, np.broadcast_to(part[:, None, None] % 2, (len(part), 250, 250))


class Backend:
    def run(self, network: Any, batches: Any, decoded: bool) -> Any:
        assert decoded
        for inputs, target in batches:
            yield network(inputs), target


def context(folder: Path, dataset: Any) -> Any:
    step = SimpleNamespace(dataset=SimpleNamespace(test="a split"))
    config = SimpleNamespace(pipeline=["a", "b"], steps={"b": step})
    return SimpleNamespace(
        config=config, data=Data(dataset), backend=Backend(), folder=SimpleNamespace(output=folder)
    )  # fmt: skip


def test_eight_images_at_equal_distances_are_drawn_for_each_network(tmp_path: Path) -> None:
    networks: dict[str, Any] = {"original": lambda x: np.zeros((len(x), 250, 250), np.uint8)}
    networks["pruned"] = networks["original"]
    assert draw_predictions(context(tmp_path, Masks()), networks)
    names = sorted(int(path.stem) for path in (tmp_path / FOLDER).glob("*.png"))
    assert names == [0, 4, 8, 12, 17, 21, 25, 29]
    with Image.open(tmp_path / FOLDER / "0.png") as drawn:
        assert drawn.width == 3 * 250 + 2 * 4


def test_logits_are_drawn_as_the_classes_that_they_say(tmp_path: Path) -> None:
    networks: dict[str, Any] = {
        "logits": lambda x: np.stack([np.zeros((len(x), 250, 250)), np.ones((len(x), 250, 250))], axis=1),
        "indices": lambda x: np.ones((len(x), 250, 250), int),
    }
    drawn = []
    for name, network in networks.items():
        (tmp_path / name).mkdir()
        assert draw_predictions(context(tmp_path / name, Masks()), {"original": network})
        drawn.append((tmp_path / name / FOLDER / "0.png").read_bytes())
    assert drawn[0] == drawn[1]


@pytest.mark.parametrize("outputs", [np.zeros((2, 5)), [{"logits": 1}, {"logits": 2}]])
def test_outputs_of_another_form_are_not_drawn(tmp_path: Path, outputs: Any) -> None:
    assert not draw_predictions(context(tmp_path, Masks()), {"original": lambda x: outputs})
    assert not [*(tmp_path / FOLDER).iterdir()]


def test_nothing_is_drawn_of_a_classifier(tmp_path: Path) -> None:
    assert not draw_predictions(context(tmp_path, [1, 2, 3]), {})
    assert not (tmp_path / FOLDER).exists()
