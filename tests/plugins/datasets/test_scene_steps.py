from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from painted_scenes import assert_together, nothing, painted
from PIL import Image
from pydantic import ValidationError

from prunekit.core.data import DataError
from prunekit.plugins.datasets.scene import GREY, IGNORED, Scene
from prunekit.plugins.datasets.scene_steps import (
    LetterBox,
    Pad,
    RandomHorizontalFlip,
    RandomVerticalFlip,
    Resize,
    SceneStep,
)


def plain(step: SceneStep, scene: Scene) -> Scene:
    return step.moved(scene, None, nothing)


@pytest.mark.parametrize(
    ("given", "size", "box"),
    [
        ({"size": (10, 20)}, (20, 10), [2, 4, 6, 8]),
        ({"size": 10}, (20, 10), [2, 4, 6, 8]),
        ({"size": 40}, (80, 40), [8, 16, 24, 32]),
        ({"size": 40, "max_size": 60}, (60, 30), [6, 12, 18, 24]),
        ({"max_size": 20}, (20, 10), [2, 4, 6, 8]),
    ],
)
def test_resize(given: dict[str, Any], size: tuple[int, int], box: list[float]) -> None:
    moved = plain(Resize(**given), painted(40, 20, (4, 8, 12, 16)))
    assert moved.image.size == size
    assert_together(moved, box)


@pytest.mark.parametrize("given", [{}, {"size": (3, 4), "max_size": 9}, {"size": 0}])
def test_sizes_that_say_nothing_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Resize(**given)


def test_an_image_that_would_fill_the_memory_is_refused() -> None:
    with pytest.raises(DataError, match="4000 x 1 pixels scaled to 16384000 x 4096 are too many"):
        plain(Resize(size=4096), Scene(Image.new("RGB", (4000, 1))))


def test_letter_box() -> None:
    moved = plain(LetterBox(size=(32, 20)), painted(40, 20, (4, 8, 12, 16)))  # to 20 x 10, 11 rows above and below
    assert moved.image.size == (20, 32)
    assert_together(moved, [2, 15, 6, 19])
    mask, rows = np.asarray(moved.mask), np.asarray(moved.image)[:, 0, 0]
    assert (rows[:11] == GREY).all() and (rows[21:] == GREY).all() and (rows[11:21] == 0).all()
    assert (mask[:11] == IGNORED).all() and (mask[21:] == IGNORED).all() and (mask[11:21] <= 1).all()


def test_letter_box_of_an_image_that_fits_is_the_image() -> None:
    scene = painted(40, 20, (4, 8, 12, 16))
    assert plain(LetterBox(size=(20, 40)), scene) is scene


def test_pad() -> None:
    scene = painted(40, 20, (4, 8, 12, 16))
    moved = plain(Pad(size_divisor=32, fill=3), scene)
    assert moved.image.size == (64, 32) and np.asarray(moved.image)[31, 63].tolist() == [3] * 3
    assert_together(moved, [4, 8, 12, 16])
    assert plain(Pad(size=(30, 20), size_divisor=5), scene).image.size == (40, 30)
    assert plain(Pad(size=10), scene) is scene


@pytest.mark.parametrize(
    ("step", "box"), [(RandomHorizontalFlip, [28, 8, 36, 16]), (RandomVerticalFlip, [4, 4, 12, 12])]
)
def test_flips(step: Any, box: list[float]) -> None:
    scene = painted(40, 20, (4, 8, 12, 16))
    assert_together(step(p=1).moved(scene, np.random.default_rng(0), nothing), box)
    assert step(p=0).moved(scene, np.random.default_rng(0), nothing) is scene is plain(step(p=1), scene)
    flipped = sum(step().moved(scene, np.random.default_rng(n), nothing) is not scene for n in range(400))
    assert 160 < flipped < 240
