"""Our operators against golden numbers of torchvision 0.29.1, made beside torch 2.14.1 by ``make_golden.py``."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
import torch
from torchvision_golden import cases

from prunekit.model_zoo.detection.pytorch.roi_align import Levels, roi_align, roi_align_of_levels
from prunekit.model_zoo.detection.pytorch.suppression import batched_nms, suppressed


@pytest.fixture(scope="module")
def golden() -> Mapping[str, np.ndarray]:
    with np.load(cases.FILE, allow_pickle=False) as file:
        return dict(file)


@pytest.mark.parametrize("threshold", cases.THRESHOLDS)
@pytest.mark.parametrize("rounded", [False, True])
def test_suppression_keeps_the_same_boxes(golden: Mapping[str, np.ndarray], rounded: bool, threshold: float) -> None:
    boxes, scores, labels = (torch.from_numpy(array) for array in cases.boxes(400, 1, rounded))
    found = suppressed(boxes, scores, threshold).tolist()
    assert found == golden[f"nms {rounded} {threshold}"].tolist()
    found = batched_nms(boxes, scores, labels, threshold).tolist()
    assert found == golden[f"batched_nms {rounded} {threshold}"].tolist()


def all_rois() -> torch.Tensor:
    parts = [torch.from_numpy(np.insert(boxes, 0, image, axis=1)) for image, boxes in enumerate(cases.rois(20, 3))]
    return torch.cat(parts)


@pytest.mark.parametrize("stride", cases.STRIDES)
def test_regions_have_the_same_values(golden: Mapping[str, np.ndarray], stride: int) -> None:
    features = torch.from_numpy(cases.maps(2)[cases.STRIDES.index(stride)])
    found = roi_align(features, all_rois(), 1 / stride, 7, 2)
    assert np.abs(found.numpy() - golden[f"roi_align {stride}"]).max() < 1e-4


def test_levels_have_the_same_values(golden: Mapping[str, np.ndarray]) -> None:
    maps = [torch.from_numpy(features) for features in cases.maps(2)]
    found = roi_align_of_levels(maps, all_rois(), Levels(cases.STRIDES, size=56), 7, 2)
    assert np.abs(found.numpy() - golden["levels"]).max() < 1e-4
