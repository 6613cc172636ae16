"""Faster R-CNN's losses, and that they teach."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from prunekit.model_zoo.detection.pytorch.boxes import iou
from prunekit.model_zoo.faster_rcnn.pytorch import FasterRCNN

SMALL: dict[str, Any] = {"class_num": 3, "backbone": "mobilenet_v2", "fpn_channels": 16, "head_channels": 32}
FEW: dict[str, Any] = {"rpn_pre_nms_top_n": 40, "rpn_post_nms_top_n": 12}


def objects(*boxes: list[float], labels: list[int] | None = None) -> dict[str, Tensor]:
    found = torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4)
    return {"boxes": found, "labels": torch.tensor(labels or [0] * len(boxes), dtype=torch.long)}


def test_losses_have_gradients_everywhere_also_without_objects() -> None:
    torch.manual_seed(0)
    network = FasterRCNN(**SMALL, **FEW).train()
    crowd = {**objects([0, 0, 90, 60]), "iscrowd": torch.ones(1, dtype=torch.long)}
    some = [objects([8, 8, 40, 40], [50, 10, 90, 60], labels=[2, 0]), objects(), crowd]
    for target in (some, [objects()] * 3):
        losses = network.losses(torch.randn(3, 3, 64, 96), target)
        assert list(losses) == ["loss_objectness", "loss_rpn_box", "loss_class", "loss_box"]
        assert all(bool(loss.isfinite()) for loss in losses.values())
        network.zero_grad()
        torch.stack(list(losses.values())).sum().backward()
        assert all(p.grad is not None and bool(p.grad.isfinite().all()) for p in network.parameters())
    assert float(losses["loss_box"].detach()) == float(losses["loss_rpn_box"].detach()) == 0


def test_losses_follow_from_torchs_seed() -> None:
    network = FasterRCNN(**SMALL, box_batch_size_per_image=16, rpn_batch_size_per_image=16).eval()
    images, target = torch.randn(1, 3, 64, 96), [objects([8, 8, 40, 40])]

    def draw(seed: int) -> list[float]:
        torch.manual_seed(seed)
        return [float(loss.detach()) for loss in network.losses(images, target).values()]

    assert draw(1) == draw(1) != draw(2)


def test_one_image_is_learnt() -> None:
    torch.manual_seed(2)
    image = torch.randn(1, 3, 96, 96) / 10
    image[0, 0, 16:56, 20:60] += 4
    image[0, 1, 60:92, 50:90] += 4
    target = [objects([20, 16, 60, 56], [50, 60, 90, 92], labels=[0, 1])]
    network = FasterRCNN(class_num=2, backbone="mobilenet_v2", fpn_channels=32, head_channels=64).train()
    optimizer, told = torch.optim.Adam(network.parameters(), 1e-3), []
    for _ in range(20):
        optimizer.zero_grad()
        loss = torch.stack(list(network.losses(image, target).values())).sum()
        loss.backward()
        optimizer.step()
        told.append(float(loss.detach()))
    assert told[-1] < told[0] / 3
    with torch.no_grad():  # in training mode: the running statistics of so few steps are those of no image
        found = network.decode(network(image))[0]
    for box, label in zip(target[0]["boxes"], target[0]["labels"], strict=True):
        best = found["boxes"][found["labels"] == label][:3]
        assert iou(best, box[None]).max() > 0.5, "no good detection of its class is where the object is"
