"""What detectors and segmenters of torchvision are given, on models of its form that need no torchvision."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from prunekit.core.data.contract import DataError
from prunekit.model_zoo.zoos.torchvision_tasks import trainable


class _Detector(nn.Module):
    """Takes and gives what torchvision's detectors do."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, images: Tensor, targets: list[dict[str, Tensor]] | None = None) -> Any:
        if self.training:
            assert targets is not None
            return {f"loss_{k}": self.scale * own["labels"].sum() for k, own in enumerate(targets)}
        labels, boxes = torch.tensor([2, 1]), torch.tensor([[0.0, 0, 4, 4], [1, 1, 5, 5]])
        return [{"boxes": boxes, "labels": labels, "scores": torch.tensor([0.9, 0.1])} for _ in images]


class _Heads(nn.Module):
    def has_mask(self) -> bool:
        return True


class _Segmenter(nn.Module):
    def forward(self, images: Tensor) -> dict[str, Tensor]:
        logits = images.new_zeros(len(images), 3, 2, 2)
        logits[:, 1] = 1
        return {"out": logits, "aux": 0 * logits} if self.training else {"out": logits}


IMAGES = torch.zeros(2, 3, 8, 8)


def objects(*labels: int, crowd: int | None = None) -> dict[str, Tensor]:
    found = {"boxes": torch.zeros(len(labels), 4), "labels": torch.tensor(labels, dtype=torch.int64)}
    return found if crowd is None else {**found, "iscrowd": torch.tensor([k == crowd for k in range(len(labels))])}


def test_labels_of_a_detector_begin_with_the_background() -> None:
    network = trainable(_Detector(), "detection", 4)
    assert type(network).__name__ == "_Detector" and isinstance(network, _Detector) and network.metric == "mAP"
    assert network.train().losses(IMAGES, [objects(0, 2), objects(1, 2, crowd=1)]) == {"loss_0": 4, "loss_1": 2}
    assert network.losses(IMAGES, [objects(), objects()]) == {"loss_0": 0, "loss_1": 0}
    found = network.eval().decode(network(IMAGES))
    assert [own["labels"].tolist() for own in found] == [[1, 0]] * 2 and found[0].keys() >= {"boxes", "scores"}
    assert copy.deepcopy(network).train().losses(IMAGES, [objects(2)]) == {"loss_0": 3}
    assert [*network.state_dict()] == ["scale"]


def test_labels_that_are_no_class_are_told() -> None:
    for labels, label in ((4, 3), (None, 90)):
        network = trainable(_Detector(), "detection", labels).train()
        network.losses(IMAGES, [objects(label - 1)])
        with pytest.raises(
            DataError, match=rf"label of an object is {label}, but .* has {label} classes .* background"
        ):
            network.losses(IMAGES, [objects(label)])


def test_what_learns_from_masks_is_refused() -> None:
    network = trainable(_Detector(), "detection", 4)
    network.roi_heads = _Heads()
    with pytest.raises(DataError, match="_Detector of torchvision learns from masks or keypoints too"):
        network.losses(IMAGES, [objects(0)])


def test_a_segmenters_loss_by_hand() -> None:
    network = trainable(_Segmenter(), "segmentation", 3)
    masks = torch.full((2, 2, 2), 255)
    masks[0, 0, 0] = 1
    e = torch.tensor(1.0).exp()
    right = -(e / (e + 2)).log()
    assert network.metric == "mIoU"
    assert float(network.eval().loss(network(IMAGES), masks)) == pytest.approx(float(right))
    assert float(network.train().loss(network(IMAGES), masks)) == pytest.approx(
        float(right + 0.5 * torch.tensor(3.0).log())
    )
    decoded = network.decode(network(IMAGES))
    assert decoded.dtype == torch.uint8 and decoded.shape == (2, 2, 2) and bool((decoded == 1).all())
    with pytest.raises(DataError, match="the label of a pixel is 3"):
        network.loss(network(IMAGES), torch.full((2, 2, 2), 3))


def test_models_of_other_tasks_stay_as_they_are() -> None:
    assert type(trainable(made := nn.Linear(1, 1), "resnet", None)) is nn.Linear and not hasattr(made, "decode")
