from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from painted_scenes import assert_together, found, nothing, painted
from PIL import Image
from pydantic import ValidationError

from prunekit.plugins.datasets.scene import GREY, IGNORED, Scene
from prunekit.plugins.datasets.scene_steps import SceneStep
from prunekit.plugins.datasets.scene_variations import Mosaic, RandomAffine, RandomScaleCrop

SCENE = painted(40, 20, (4, 8, 12, 16))


def varied(step: SceneStep, seed: int, scene: Scene = SCENE) -> Scene:
    return step.moved(scene, np.random.default_rng(seed), lambda rng: scene)


def assert_near(scene: Scene, tolerance: int = 1) -> None:
    """What is white, the mask and the box are where the others are, but for the softness of edges."""
    white, mask = np.asarray(scene.image)[:, :, 0] > 200, np.asarray(scene.mask) == 1
    if len(scene.boxes) and (scene.boxes[0, 2:] - scene.boxes[0, :2]).min() > 1:
        for where in (white, mask):
            assert np.abs(np.subtract(found(where), scene.boxes[0])).max() <= tolerance
    else:
        assert white.sum() < 20  # a small part stayed


def test_scale_and_crop_plainly_shows_all() -> None:
    plain = RandomScaleCrop(size=(20, 20), scale=(3, 4)).moved(SCENE, None, nothing)
    assert_together(plain, [2, 9, 6, 13])


@pytest.mark.parametrize("seed", range(30))
def test_scale_and_crop(seed: int) -> None:
    made = varied(RandomScaleCrop(size=(24, 32), scale=(0.5, 2)), seed)
    assert made.image.size == (32, 24)
    assert_near(made)
    border = np.asarray(made.mask) == IGNORED
    assert (np.asarray(made.image)[border] == GREY).all()


def test_scale_and_crop_scales_as_asked() -> None:
    made = varied(RandomScaleCrop(size=(60, 120), scale=(2, 2)), 0)
    left, top, right, bottom = made.boxes[0].tolist()
    assert (right - left, bottom - top) == (16, 16) and (np.asarray(made.mask) != IGNORED).sum() == 80 * 40


def test_a_part_is_cut_out_everywhere() -> None:
    made = [varied(RandomScaleCrop(size=10, scale=(1, 1), min_visibility=0), seed) for seed in range(200)]
    lefts = {float(each.boxes[0, 0]) for each in made if len(each.boxes)}
    assert lefts == set(range(0, 5)) and any(not len(each.boxes) for each in made)


def test_a_shift_moves_everything_by_it() -> None:
    step = RandomAffine(translate=(0.5, 0.5), min_visibility=0)
    assert step.moved(SCENE, None, nothing) is SCENE
    made = [varied(step, seed) for seed in range(40)]
    for each in made:
        assert_near(each)
    assert {each.image.size for each in made} == {(40, 20)} and len({each.boxes.tobytes() for each in made}) > 20


def test_a_turn_and_a_scale_around_the_middle() -> None:
    scene = painted(41, 41, (20, 10, 21, 31))  # an upright line through the middle
    doubled = varied(RandomAffine(scale=(2, 2)), 0, scene)
    np.testing.assert_allclose(doubled.boxes, [[19.5, 0, 21.5, 41]])
    quarter = [varied(RandomAffine(degrees=90), seed, scene).boxes[0] for seed in range(200)]
    widest = max(quarter, key=lambda box: box[2] - box[0])  # turned by 90 degrees, nearly
    assert widest[2] - widest[0] > 20.9 and widest[3] - widest[1] < 3 and abs(widest[0] + widest[2] - 41) < 1e-9


@pytest.mark.parametrize("seed", range(20))
def test_everything_at_once_keeps_box_and_pixels_together(seed: int) -> None:
    scene = painted(100, 80, (30, 20, 70, 60))
    made = varied(RandomAffine(degrees=10, translate=(0.1, 0.1), scale=(0.6, 1.4), shear=5), seed, scene)
    assert_near(made, 2)
    outside = np.asarray(made.mask) == IGNORED
    assert not outside.any() or np.asarray(made.image)[outside].max() <= GREY


def test_of_a_box_too_little_stays() -> None:
    step = RandomAffine(translate=(1, 1), min_visibility=0.5)
    for seed in range(60):
        for box in varied(step, seed).boxes:
            assert (box[2] - box[0]) * (box[3] - box[1]) >= 32


def test_mosaic_puts_four_images_around_a_point() -> None:
    colours = [(200, 0, 0), (0, 200, 0), (0, 0, 200), (200, 200, 0)]
    images = [
        Scene(Image.new("RGB", (8, 8), c), np.float64([[0, 0, 8, 8]]), np.array([n]), np.array([0]),
              Image.new("L", (8, 8), n)) for n, c in enumerate(colours)
    ]  # fmt: skip
    others = iter(images[1:])
    step = Mosaic(size=16, center_range=(0.5, 0.5))
    made = step.moved(images[0], np.random.default_rng(0), lambda rng: next(others))
    pixels, mask = np.asarray(made.image), np.asarray(made.mask)
    assert made.boxes.tolist() == [[0, 0, 8, 8], [8, 0, 16, 8], [0, 8, 8, 16], [8, 8, 16, 16]]
    assert made.labels.tolist() == [0, 1, 2, 3] and made.crowd.tolist() == [0] * 4
    for (left, top, right, bottom), colour, label in zip(made.boxes.astype(int), colours, range(4), strict=True):
        assert (pixels[top:bottom, left:right] == colour).all() and (mask[top:bottom, left:right] == label).all()


@pytest.mark.parametrize("center", [0.0, 0.25, 1.0])
def test_mosaic_cuts_and_clips_what_goes_beyond(center: float) -> None:
    scene = Scene(Image.new("RGB", (20, 10), (255,) * 3), np.float64([[0, 0, 20, 10]]), np.array([3]), np.array([0]))
    made = varied(Mosaic(size=(40, 40), center_range=(center, center), min_visibility=0), 1, scene)
    white = np.asarray(made.image)[:, :, 0] == 255
    assert made.mask is None and len(made.boxes) == {0.0: 1, 0.25: 4, 1.0: 1}[center]
    covered = np.zeros((40, 40), bool)
    for left, top, right, bottom in made.boxes.astype(int):
        covered[top:bottom, left:right] = True
    assert (covered == white).all() and (np.asarray(made.image)[~white] == GREY).all()


def test_mosaic_half_of_the_time_and_never_plainly() -> None:
    step = Mosaic(size=16, p=0.5)
    assert step.moved(SCENE, None, nothing) is SCENE
    assert 70 < sum(varied(step, seed) is not SCENE for seed in range(200)) < 130


@pytest.mark.parametrize(
    ("step", "given"),
    [
        (RandomScaleCrop, {"size": 8, "scale": (2, 1)}), (RandomScaleCrop, {}), (RandomAffine, {"degrees": -1}),
        (RandomAffine, {"translate": (0, 2)}), (Mosaic, {"size": 8, "center_range": (0.7, 0.2)}),
        (Mosaic, {"size": 8, "min_visibility": 2}),
    ],
)  # fmt: skip
def test_settings_out_of_range_are_refused(step: Any, given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        step(**given)
