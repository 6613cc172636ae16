"""RoIAlign as one operator, against its definition written out."""

from __future__ import annotations

import math

import pytest
import torch

from prunekit.model_zoo.detection.pytorch import roi_align_operator
from prunekit.model_zoo.detection.pytorch.roi_align_operator import roi_align


def _value(plane: torch.Tensor, y: float, x: float) -> float:
    """Bilinear interpolation as the operator has it: nothing a pixel or more outside, the edge's value before that."""
    height, width = plane.shape
    if not (-1 <= y <= height and -1 <= x <= width):
        return 0.0
    y, x = min(max(y, 0.0), height - 1.0), min(max(x, 0.0), width - 1.0)
    top, left = int(y), int(x)
    total = 0.0
    for row, up in ((top, 1 - (y - top)), (min(top + 1, height - 1), y - top)):
        for column, side in ((left, 1 - (x - left)), (min(left + 1, width - 1), x - left)):
            total += float(plane[row, column]) * up * side
    return total


def _expected(plane: torch.Tensor, box: list[float], scale: float, bins: int, ratio: int, aligned: bool) -> list[float]:
    x1, y1, x2, y2 = (corner * scale - aligned / 2 for corner in box)
    high, wide = (y2 - y1, x2 - x1) if aligned else (max(y2 - y1, 1.0), max(x2 - x1, 1.0))
    rows, columns = (ratio if ratio > 0 else math.ceil(side / bins) for side in (high, wide))
    found = []
    for p in range(bins):
        for q in range(bins):
            points = [
                _value(plane, y1 + (p + (i + 0.5) / rows) * high / bins, x1 + (q + (j + 0.5) / columns) * wide / bins)
                for i in range(rows)
                for j in range(columns)
            ]
            found.append(sum(points) / max(len(points), 1))
    return found


@pytest.mark.parametrize("large", [1, 1000], ids=["by parts", "whole"])
@pytest.mark.parametrize("ratio", [0, 2])
@pytest.mark.parametrize("aligned", [True, False])
def test_regions_are_averaged_over_a_grid(
    ratio: int, aligned: bool, large: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roi_align_operator, "_LARGE", large)
    generator = torch.Generator().manual_seed(0)
    features = torch.rand((2, 3, 6, 9), generator=generator, dtype=torch.float64)
    rois = torch.tensor([[1, -9.0, -6, 11, 9], [0, 4, 3, 5, 4], [1, 30, 20, 50, 30], [0, 0, 0, 36, 24]]).double()
    found = roi_align(features, rois, 0.25, 2, 2, ratio, aligned)
    assert found.shape == (4, 3, 2, 2)
    for region, (image, *box) in enumerate(rois.tolist()):
        for channel in range(3):
            wanted = _expected(features[int(image), channel], box, 0.25, 2, ratio, aligned)
            assert found[region, channel].flatten().tolist() == pytest.approx(wanted, abs=1e-12)
    assert roi_align(features, rois[:0], 0.25, 2, 2, ratio, aligned).shape == (0, 3, 2, 2)
