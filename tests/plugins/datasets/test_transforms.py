from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydantic import TypeAdapter, ValidationError

from prunekit.core.data import DataError
from prunekit.plugins.datasets.transforms import Step, Transforms, transformed, usual

Noise = Callable[[int, int], Image.Image]
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
listed: TypeAdapter[tuple[Step, ...]] = TypeAdapter(Transforms)


def steps(*given: dict[str, Any]) -> tuple[Step, ...]:
    return listed.validate_python([*given, {"type": "ToTensor"}])


def pixels(image: Image.Image, *given: dict[str, Any], seed: int | None = None) -> np.ndarray:
    """The uint8 [height, width, 3] that an image becomes."""
    rng = None if seed is None else np.random.default_rng(seed)
    values: np.ndarray = transformed(image, steps(*given), rng)
    assert values.dtype == np.float32 and values.flags.c_contiguous
    return np.rint(values * 255).astype(np.uint8).transpose(1, 2, 0)


@pytest.mark.parametrize(
    ("size", "scaled"), [((300, 200), (384, 256)), ((200, 301), (256, 385)), ((256, 256), (256, 256))]
)
def test_evaluation_step_by_step(noise: Noise, size: tuple[int, int], scaled: tuple[int, int]) -> None:
    image = noise(*size)
    array = np.asarray(image.resize(scaled, Image.Resampling.BILINEAR))
    top, left = round((array.shape[0] - 224) / 2), round((array.shape[1] - 224) / 2)
    array = array[top : top + 224, left : left + 224].transpose(2, 0, 1)
    mean, std = (np.array(numbers, np.float32)[:, None, None] for numbers in (MEAN, STD))
    expected = (array / np.float32(255) - mean) / std
    plain, _ = usual(224, None, MEAN, STD)
    found = transformed(image, plain)
    assert found.dtype == np.float32 and np.array_equal(found, expected)


def test_resize_to_height_and_width(noise: Noise) -> None:
    assert pixels(noise(30, 20), {"type": "Resize", "size": [7, 9]}).shape == (7, 9, 3)


def test_the_middle_of_a_small_image_has_black_borders(noise: Noise) -> None:
    image = noise(5, 9)
    found = pixels(image, {"type": "CenterCrop", "size": [4, 8]})
    assert np.array_equal(found[:, 1:6], np.asarray(image)[2:6]) and not found[:, [0, 6, 7]].any()


def test_random_crop(noise: Noise) -> None:
    image = noise(6, 6)
    crop = {"type": "RandomCrop", "size": 5, "padding": 1}
    padded = np.pad(np.asarray(image), ((1, 1), (1, 1), (0, 0)))
    windows = {padded[i : i + 5, j : j + 5].tobytes() for i in range(4) for j in range(4)}
    assert {pixels(image, crop, seed=seed).tobytes() for seed in range(200)} == windows
    assert np.array_equal(pixels(image, crop), pixels(image, {"type": "CenterCrop", "size": 5}))


def test_random_crop_of_a_small_image_has_black_borders(noise: Noise) -> None:
    found = pixels(noise(4, 20), {"type": "RandomCrop", "size": 8}, seed=1)
    assert found.shape == (8, 8, 3) and not found[:, [0, 1, 6, 7]].any() and found[:, 2:6].any()


def test_random_resized_crop_takes_parts_of_the_asked_area_and_shape() -> None:
    ramp = np.zeros((200, 240, 3), np.uint8)
    ramp[..., 0], ramp[..., 1] = np.arange(240), np.arange(200)[:, None]
    image, crop = Image.fromarray(ramp), {"type": "RandomResizedCrop", "size": 64}
    areas = []
    for seed in range(300):
        found = pixels(image, crop, seed=seed).astype(float)
        assert found.shape == (64, 64, 3)
        width = (found[0, -1, 0] - found[0, 0, 0]) * 64 / 63
        height = (found[-1, 0, 1] - found[0, 0, 1]) * 64 / 63
        assert 0.7 < width / height < 1.43  # measured in the pixels, so not exact
        areas.append(width * height / 48_000)
    assert 0.07 < min(areas) < 0.12 and 0.85 < max(areas) < 1.02
    assert np.array_equal(
        pixels(image, crop), pixels(image, {"type": "Resize", "size": 73}, {"type": "CenterCrop", "size": 64})
    )


@pytest.mark.parametrize("size", [(400, 3), (3, 400), (1, 1)])
def test_random_resized_crop_of_an_image_that_is_too_long(noise: Noise, size: tuple[int, int]) -> None:
    crop = {"type": "RandomResizedCrop", "size": 16, "scale": [0.9, 1.0]}
    assert pixels(noise(*size), crop, seed=0).shape == (16, 16, 3)


def test_flips_are_drawn_and_only_in_training(noise: Noise) -> None:
    image, flip = noise(6, 4), {"type": "RandomHorizontalFlip"}
    whole = np.asarray(image)
    found = [pixels(image, flip, seed=seed) for seed in range(40)]
    flipped = [np.array_equal(each, whole[:, ::-1]) for each in found]
    assert all(flip or np.array_equal(each, whole) for each, flip in zip(found, flipped, strict=True))
    assert 10 < sum(flipped) < 30
    assert np.array_equal(pixels(image, {**flip, "p": 1.0}), whole)


def test_both_forms_of_a_step_are_the_same() -> None:
    flat = steps({"type": "Resize", "size": 256}, {"type": "CenterCrop", "size": [224, 192]})
    nested = [{"type": "Resize", "params": {"size": 256}}, {"type": "CenterCrop", "params": {"size": [224, 192]}}]
    assert flat == listed.validate_python([*nested, {"type": "ToTensor", "params": None}])
    assert listed.validate_python([step.model_dump(mode="json") for step in flat]) == flat


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([{"type": "Resise", "size": 3}], "no transform 'Resise'. Did you mean 'Resize'?"),
        ([{"type": "os.system"}], "no transform 'os.system'. There are Resize, CenterCrop, RandomCrop"),
        ([{"size": 3}], "the transform has no type. There are Resize"),
        ([{"type": "Resize", "params": {"size": 3}, "size": 4}], "either all beside type or all under params"),
        ([{"type": "Resize", "size": 0}], "greater than or equal to 1"),
        ([{"type": "Resize", "size": 10**9}], "less than or equal to 4096"),
        ([{"type": "RandomResizedCrop", "size": 8, "scale": [1, 0.5]}], "[1.0, 0.5]: the lower limit comes first"),
        ([{"type": "Normalize", "std": [1, 0, 1]}], "greater than 0"),
        ([{"type": "Normalize", "mean": [1, float("nan"), 1]}], "finite number"),
        ([], "transforms need ToTensor once, they have it 0 times"),
        ([{"type": "ToTensor"}, {"type": "ToTensor"}], "they have it 2 times"),
        ([{"type": "Normalize"}, {"type": "ToTensor"}], "Normalize must come after ToTensor"),
        ([{"type": "ToTensor"}, {"type": "Resize", "size": 3}], "Resize must come before ToTensor"),
    ],
)
def test_mistakes_are_told(given: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        listed.validate_python(given)
    assert message in str(caught.value)


def test_a_line_of_pixels_is_not_blown_up() -> None:
    with pytest.raises(DataError, match="1 x 3000 pixels scaled to 256 x 768000 are too many"):
        transformed(Image.new("RGB", (1, 3000)), steps({"type": "Resize", "size": 256}))


def test_resize_must_leave_enough() -> None:
    with pytest.raises(DataError, match="resize is 200; it must be at least image_size, 224"):
        usual(224, 200, MEAN, STD)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([{"type": "Normalize"}, {"type": "ToTensor"}, {"type": "Normalize"}], "Normalize must come after ToTensor"),
        ([{"type": "Resize", "params": [1]}, {"type": "ToTensor"}], "params of Resize must be a block of keys"),
    ],
)
def test_lists_that_would_fail_later_are_refused(given: list[dict[str, Any]], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        listed.validate_python(given)
