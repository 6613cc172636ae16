from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from painted_scenes import assert_together, nothing, painted
from PIL import Image

from prunekit.core.data import DataError
from prunekit.plugins.datasets.scene import GREY, Scene
from prunekit.plugins.datasets.scene_transforms import Preparation

SCENE = painted(40, 20, (4, 8, 12, 16))
LAST: list[dict[str, Any]] = [{"type": "ToTensor"}]


def of(transforms: Any) -> Preparation:
    return Preparation.of(transforms, (), ())


def test_steps_are_applied_one_after_the_other() -> None:
    steps = [{"type": "Resize", "size": [10, 20]}, {"type": "Pad", "params": {"size_divisor": 16, "fill": 0}}, *LAST]
    made = of(steps).scene(SCENE, None, nothing)
    assert made.image.shape == (3, 16, 32) and made.image.dtype == np.float32
    assert set(np.unique(made.image)) <= set(np.arange(256, dtype=np.float32) / np.float32(255))
    picture = Image.fromarray((made.image * 255).round().astype(np.uint8).transpose(1, 2, 0))
    assert_together(replace(made, image=picture), [2, 4, 6, 8])


def test_the_same_generator_gives_the_same_and_another_something_else() -> None:
    names = ("RandomAffine", "RandomHSV", "RandomBrightness", "RandomHorizontalFlip", "RandomVerticalFlip")
    moving = {"RandomAffine": {"degrees": 20}}
    steps = [{"type": name, **moving.get(name, {})} for name in names]
    preparation = of([{"type": "Mosaic", "size": 32}, *steps, {"type": "RandomScaleCrop", "size": 16}, *LAST])

    def made(seed: int | None) -> tuple[bytes, bytes, bytes]:
        rng = None if seed is None else np.random.default_rng(seed)
        scene = preparation.scene(SCENE, rng, lambda rng: SCENE)
        assert scene.mask is not None
        return scene.image.tobytes(), scene.boxes.tobytes(), scene.mask.tobytes()

    assert made(1) == made(1) and made(None) == made(None)
    assert len({made(seed)[0] for seed in range(10)} | {made(None)[0]}) == 11


def test_the_border_of_a_batch_is_grey_as_the_network_sees_it() -> None:
    steps = [*LAST, {"type": "Normalize", "mean": [0, 0.5, 0], "std": [1, 1, 0.5]}]
    np.testing.assert_allclose(of(steps).border()[:, 0, 0], [GREY / 255, GREY / 255 - 0.5, GREY / 255 * 2], rtol=1e-6)


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ([{"type": "Resise", "size": 3}, *LAST], "no transform 'Resise'. Did you mean 'Resize'?"),
        ([{"type": "CenterCrop", "size": 3}, *LAST], "no transform 'CenterCrop'"),
        ([{"size": 3}, *LAST], "the transform has no type. There are Resize, LetterBox, Pad,"),
        ([{"type": "Resize", "size": 3}], "transforms need ToTensor once, they have it 0 times"),
        ([*LAST, {"type": "RandomHSV"}], "RandomHSV must come before ToTensor"),
        ([{"type": "LetterBox", "size": 0}, *LAST], "0.LetterBox.size"),
        ([{"type": "Resize"}, *LAST], "Resize needs size or max_size"),
        ([{"type": "LetterBox", "size": 8, "colour": 3}, *LAST], "0.LetterBox.colour: Extra inputs are not permitted"),
    ],
)
def test_what_is_no_list_of_steps_is_refused(steps: Any, message: str) -> None:
    with pytest.raises(DataError) as raised:
        of(steps)
    assert message in str(raised.value)


class Own:
    """Mirrors by the protocol of albumentations, and counts."""

    seeds: list[int]

    def __init__(self) -> None:
        self.seeds = []

    def set_random_seed(self, seed: int) -> None:
        self.seeds.append(seed)

    def __call__(self, image: Any, bboxes: Any = None, mask: Any = None) -> dict[str, Any]:
        width = image.shape[1]
        made: dict[str, Any] = {"image": image[:, ::-1]}
        if bboxes is not None:
            made["bboxes"] = [
                (width - right, top, width - left, bottom, label) for left, top, right, bottom, label in bboxes
            ]
        if mask is not None:
            made["mask"] = mask[:, ::-1]
        return made


def test_an_object_of_the_users_varies_images_in_training() -> None:
    own, steps = Own(), of([{"type": "LetterBox", "size": [10, 20]}, *LAST]).plain
    preparation = Preparation.of(own, steps, ())
    boxed = replace(SCENE, mask=None)
    made = preparation.scene(boxed, np.random.default_rng(0), nothing)
    assert made.boxes.tolist() == [[14, 4, 18, 8]] and made.labels.tolist() == [1] and made.labels.dtype == np.int64
    assert np.argwhere(made.image[0] > 0.5).tolist() == [[y, x] for y in range(4, 8) for x in range(14, 18)]
    masked = preparation.scene(SCENE, np.random.default_rng(0), nothing)
    assert masked.mask is not None and (np.asarray(masked.mask)[4:8, 14:18] == 1).all()
    plain = preparation.scene(boxed, None, nothing)
    assert plain.boxes.tolist() == [[2, 4, 6, 8]] and len(own.seeds) == 2 and own.seeds[0] == own.seeds[1]


def test_an_object_may_drop_and_cut_boxes() -> None:
    def drops(image: Any, bboxes: Any) -> dict[str, Any]:
        return {
            "image": image,
            "bboxes": [] if image.mean() == 0 else [(-5, -5, 5, 5, 2, "x"), (50, 50, 60, 60, 1, "y")],
        }

    preparation = Preparation.of(drops, of(LAST).plain, ())
    made = preparation.scene(replace(SCENE, mask=None), np.random.default_rng(0), nothing)
    assert made.boxes.tolist() == [[0, 0, 5, 5]] and made.labels.tolist() == [2] and made.crowd.tolist() == [0]
    assert preparation.scene(Scene(Image.new("RGB", (4, 4))), np.random.default_rng(0), nothing).boxes.shape == (0, 4)


@pytest.mark.parametrize(
    ("own", "message"),
    [
        (lambda **given: given["image"], "(function) must return a dict with image and mask"),
        (lambda **given: {"image": given["image"]}, "must return a dict with image and mask"),
        (
            lambda **given: {**given, "image": given["image"] / 255},
            "as uint8 [height, width, 3], not float64 [20, 40, 3]",
        ),
        (lambda **given: {**given, "mask": given["mask"][1:]}, "the mask [19, 40] is not of the image's size"),
        (lambda image: image, "TypeError"),
    ],
)
def test_an_object_that_keeps_to_another_protocol_is_told(own: Any, message: str) -> None:
    with pytest.raises(DataError) as raised:
        Preparation.of(own, (), ()).scene(SCENE, np.random.default_rng(0), nothing)
    assert message in str(raised.value)
