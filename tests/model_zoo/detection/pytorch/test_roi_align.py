"""Pooling of regions, from one map and from levels, against the operator as a function."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from prunekit.model_zoo.detection.pytorch import roi_align_operator as operators
from prunekit.model_zoo.detection.pytorch.roi_align import Levels, roi_align, roi_align_of_levels

SIZE = (96, 128)


def some_rois(count: int, seed: int, images: int = 2) -> Tensor:
    """Regions of all sizes, some of them partly outside, of images in no order."""
    generator = torch.Generator().manual_seed(seed)
    corners = torch.rand((count, 2), generator=generator, dtype=torch.float64) * 120 - 10
    sides = 2 ** (torch.rand((count, 2), generator=generator, dtype=torch.float64) * 7)
    images_of = torch.randint(images, (count, 1), generator=generator)
    return torch.cat([images_of, corners, corners + sides], 1)


def some_map(stride: int, seed: int, images: int = 2) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn((images, 3, SIZE[0] // stride, SIZE[1] // stride), generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("ratio", [1, 2, 3])
def test_regions_of_maps(ratio: int) -> None:
    maps, rois = some_map(8, 0), some_rois(150, 1)
    wanted = operators.roi_align(maps, rois, 1 / 8, 7, 7, ratio, False)
    assert torch.allclose(roi_align(maps, rois, 1 / 8, 7, ratio), wanted, rtol=0, atol=1e-12)
    assert roi_align(maps, rois[:0], 1 / 8, 7, ratio).shape == (0, 3, 7, 7)
    first = rois[:, 0] == 0
    found = roi_align(maps[:1], rois[first], 1 / 8, 7, ratio, plain=True)
    assert torch.allclose(found, wanted[first], rtol=0, atol=1e-12)


@pytest.mark.parametrize("plain", [False, True])
def test_a_gradient_reaches_the_map(plain: bool) -> None:
    maps, rois = some_map(8, 2, images=1), some_rois(20, 3, images=1)
    assert torch.autograd.gradcheck(
        lambda x: roi_align(x, rois, 1 / 8, 3, 2, plain), maps[..., :4, :4].requires_grad_()
    )


def test_products_over_whole_maps_are_what_parts_give(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small maps, and all on an accelerator, are multiplied as a whole."""
    maps, rois = some_map(8, 2).requires_grad_(), some_rois(90, 3)

    def both(large: int) -> tuple[Tensor, Tensor]:
        monkeypatch.setattr(operators, "_LARGE", large)
        pooled = operators.OPERATOR(maps, rois, 1 / 8, 7, 7, 2, False)
        return pooled, torch.autograd.grad((pooled * torch.arange(7)).sum(), maps)[0]

    assert all(torch.allclose(a, b, rtol=0, atol=1e-11) for a, b in zip(both(1), both(1000), strict=True))
    assert not torch.equal(both(1)[1], both(1000)[1])  # which are two ways


def test_the_level_follows_from_the_area() -> None:
    sides = torch.tensor([0.0, 20, 111, 112, 223, 224, 447, 448, 5000])
    boxes = torch.stack([sides * 0, sides * 0, sides, sides], 1)
    assert Levels((4, 8, 16, 32)).of(boxes).tolist() == [0, 0, 0, 1, 1, 2, 2, 3, 3]
    assert Levels((8, 16), size=112).of(boxes).tolist() == [0, 0, 0, 1, 1, 1, 1, 1, 1]


def test_regions_come_from_the_maps_of_their_levels_and_keep_their_order() -> None:
    levels, rois = Levels((4, 8, 16, 32), size=40), some_rois(120, 4)
    maps = [some_map(stride, stride) for stride in levels.strides]
    found, of = roi_align_of_levels(maps, rois, levels, 7, 2), levels.of(rois[:, 1:]).long().tolist()
    assert set(of) == {0, 1, 2, 3}
    for row, level in enumerate(of):
        wanted = operators.roi_align(maps[level], rois[row : row + 1], 1 / levels.strides[level], 7, 7, 2, False)[0]
        assert torch.allclose(found[row], wanted, rtol=0, atol=1e-12)
