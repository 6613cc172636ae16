from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

from prunekit.plugins.datasets.colour_variations import RandomBrightness, RandomHSV
from prunekit.plugins.datasets.transforms import transformed

RED, GREY = Image.new("RGB", (2, 2), (200, 50, 50)), Image.new("RGB", (2, 2), (100, 100, 100))


def drawn(step: Any, image: Image.Image, count: int = 100) -> Any:
    """The first pixel for many seeds."""
    made = [np.asarray(transformed(image, [step], np.random.default_rng(seed))) for seed in range(count)]
    return np.array([each[0, 0] for each in made], dtype=int)


@pytest.mark.parametrize("step", [RandomHSV(), RandomBrightness(p=1)])
def test_plainly_nothing_changes(step: Any) -> None:
    assert transformed(RED, [step]) is RED


def test_brightness_stays_within_its_limits() -> None:
    values = drawn(RandomBrightness(limit=0.3, p=1), GREY)
    assert values.min() >= 70 and values.max() <= 130 and values.min() < 75 and values.max() > 125
    assert (values == values[:, :1]).all()
    assert drawn(RandomBrightness(limit=1, p=1), RED).max() == 255  # not around the corner
    assert 30 < (drawn(RandomBrightness(p=0.5), GREY)[:, 0] != 100).sum() < 60


def test_hue_saturation_and_value_are_varied_each_by_itself() -> None:
    hue = drawn(RandomHSV(hgain=0.5, sgain=0, vgain=0), RED)
    assert (np.abs(hue.max(axis=1) - 200) <= 1).all() and (np.abs(hue.min(axis=1) - 50) <= 2).all()
    assert all((hue.argmax(axis=1) == channel).sum() > 15 for channel in range(3))
    saturation = drawn(RandomHSV(hgain=0, sgain=1, vgain=0), RED)
    assert (saturation[:, 0] == 200).all() and saturation[:, 1].min() < 5 and saturation[:, 1].max() > 180
    value = drawn(RandomHSV(hgain=0, sgain=0, vgain=0.4), GREY)
    assert (value == value[:, :1]).all() and 60 <= value.min() < 65 and 135 < value.max() <= 140
