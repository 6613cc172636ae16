"""Faster R-CNN against torchvision 0.29.1's with the same weights; see ``make_golden.py`` beside the numbers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
import torch
from torchvision_golden import cases

from prunekit.model_zoo.faster_rcnn.pytorch import FasterRCNN

EVERYTHING = 10**6
NEAR = {"rtol": 0, "atol": 1e-4}


@pytest.fixture(scope="module")
def golden() -> Mapping[str, np.ndarray]:
    with np.load(cases.FILE, allow_pickle=False) as file:
        return {name.removeprefix("detector "): file[name] for name in file.files if name.startswith("detector ")}


@pytest.fixture(scope="module")
def network() -> FasterRCNN:
    made = FasterRCNN(
        class_num=cases.CLASSES, rpn_post_nms_top_n=100, rpn_batch_size_per_image=EVERYTHING,
        box_batch_size_per_image=EVERYTHING,
    ).eval()  # fmt: skip
    state = made.state_dict()
    drawn = {name: torch.from_numpy(cases.weight(name, tuple(t.shape))) for name, t in state.items() if t.ndim}
    made.load_state_dict({**state, **drawn})
    return made


def test_outputs_and_detections(golden: Mapping[str, np.ndarray], network: FasterRCNN) -> None:
    with torch.no_grad():
        outputs = network(torch.from_numpy(cases.images()))
        detections = network.decode(outputs)
    for level in range(5):
        np.testing.assert_allclose(outputs["objectness"][level], golden[f"objectness {level}"], **NEAR)
    for level in (2, 3, 4):
        np.testing.assert_allclose(outputs["shifts"][level], golden[f"shifts {level}"], **NEAR)
    for image, found in enumerate(detections):
        own = outputs["proposals"][outputs["proposals"][:, 0] == image, 1:]
        np.testing.assert_allclose(own, golden[f"proposals {image}"], rtol=0, atol=1e-3)  # of up to 160
        np.testing.assert_allclose(found["boxes"], golden[f"boxes {image}"], rtol=0, atol=1e-3)
        np.testing.assert_allclose(found["scores"], golden[f"scores {image}"], **NEAR)
        assert (found["labels"] + 1).tolist() == golden[f"labels {image}"].tolist()


def test_losses(golden: Mapping[str, np.ndarray], network: FasterRCNN) -> None:
    target = [
        {"boxes": torch.from_numpy(boxes), "labels": torch.from_numpy(labels)} for boxes, labels in cases.objects()
    ]
    with torch.no_grad():
        losses = network.losses(torch.from_numpy(cases.images()), target)
    np.testing.assert_allclose([float(loss) for loss in losses.values()], golden["losses"], rtol=1e-5)
