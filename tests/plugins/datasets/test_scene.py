from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from painted_scenes import assert_together, painted
from PIL import Image

from prunekit.plugins.datasets.scene import IGNORED, Scene, area, clipped


def test_what_is_scaled() -> None:
    assert_together(painted(40, 20, (4, 8, 12, 16)).scaled(10, 80), [8, 4, 24, 8])


def test_what_is_mirrored() -> None:
    scene = painted(40, 20, (4, 8, 12, 16))
    assert_together(scene.mirrored(), [28, 8, 36, 16])
    assert_together(scene.mirrored(upside_down=True), [4, 4, 12, 12])
    assert_together(scene.mirrored().mirrored(), [4, 8, 12, 16])


def test_what_is_laid_on_a_larger_canvas() -> None:
    laid = painted(40, 20, (4, 8, 12, 16)).laid(30, 60, 5, 10, fill=7)
    assert_together(laid, [14, 13, 22, 21])
    pixels, mask = np.asarray(laid.image), np.asarray(laid.mask)
    border = np.ones((30, 60), bool)
    border[5:25, 10:50] = False
    assert (pixels[border] == 7).all() and (mask[border] == IGNORED).all() and (mask[~border] <= 1).all()


def test_what_is_cut_is_clipped() -> None:
    laid = painted(40, 20, (4, 8, 12, 16)).laid(12, 10, -2, -6, fill=7)
    assert_together(laid, [0, 6, 6, 12])


@pytest.mark.parametrize(("least", "stays"), [(0.0, 1), (0.25, 1), (0.26, 0)])
def test_of_a_box_enough_must_stay(least: float, stays: int) -> None:
    scene = replace(painted(40, 20, (0, 0, 8, 8)), boxes=np.float64([[0, 0, 8, 8]]))
    cut = scene.laid(20, 40, 0, -6, fill=0, least=least)
    assert cut.boxes.tolist() == [[0, 0, 2, 8]] * stays and len(cut.labels) == len(cut.crowd) == stays


def test_what_lies_outside_is_dropped() -> None:
    scene = painted(40, 20, (0, 0, 8, 8))
    assert not len(scene.laid(20, 40, 0, -8, fill=0).boxes)


def test_an_image_without_boxes() -> None:
    scene = Scene(Image.new("RGB", (8, 4)))
    for moved in (scene.scaled(2, 2), scene.mirrored(), scene.laid(9, 9, 0, 0, 0), scene.clipped(0.1)):
        assert moved.boxes.shape == (0, 4) and moved.labels.shape == (0,) and moved.mask is None


def test_areas_and_edges() -> None:
    boxes = np.float64([[-1, 2, 5, 9], [3, 3, 3, 5], [5, 5, 4, 4]])
    assert area(boxes).tolist() == [42, 0, 0]
    assert clipped(boxes, 4, 8).tolist() == [[0, 2, 4, 8], [3, 3, 3, 5], [4, 5, 4, 4]]
