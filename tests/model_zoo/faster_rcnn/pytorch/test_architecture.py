"""Faster R-CNN's published sizes, torchvision's names, what it says and makes of it."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from prunekit.model_zoo.faster_rcnn.pytorch import FasterRCNN
from prunekit.model_zoo.layers.pytorch import FrozenBatchNorm2d

SMALL: dict[str, Any] = {"class_num": 3, "backbone": "mobilenet_v2", "fpn_channels": 16, "head_channels": 32}
FEW: dict[str, Any] = {"rpn_pre_nms_top_n": 40, "rpn_post_nms_top_n": 12}


def parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.fixture(scope="module")
def published() -> FasterRCNN:
    return FasterRCNN().eval()


def test_published_size(published: FasterRCNN) -> None:
    heads = published.roi_heads
    assert parameters(published) == 41_808_406
    parts = (published.backbone, published.rpn, heads.box_head, heads.box_predictor)
    assert [parameters(part) for part in parts] == [26_852_416, 593_935, 13_895_680, 466_375]
    frozen = FasterRCNN(num_classes=90, frozen_bn=True, bn_eps=0.0)
    assert parameters(frozen) == 41_755_286
    norms = [module for module in frozen.modules() if isinstance(module, FrozenBatchNorm2d)]
    assert len(norms) == 53 and {norm.eps for norm in norms} == {0.0}
    assert not any(isinstance(module, nn.BatchNorm2d) for module in frozen.modules())


def test_torchvisions_names(published: FasterRCNN) -> None:
    state = {name: list(tensor.shape) for name, tensor in published.state_dict().items()}
    assert len(state) == 348
    some = {
        "backbone.body.conv1.weight": [64, 3, 7, 7],
        "backbone.body.layer4.2.bn3.running_var": [2048],
        "backbone.fpn.inner_blocks.3.0.weight": [256, 2048, 1, 1],
        "backbone.fpn.layer_blocks.0.0.bias": [256],
        "rpn.head.conv.0.0.weight": [256, 256, 3, 3],
        "rpn.head.cls_logits.bias": [3],
        "rpn.head.bbox_pred.weight": [12, 256, 1, 1],
        "roi_heads.box_head.fc6.weight": [1024, 12544],
        "roi_heads.box_head.fc7.bias": [1024],
        "roi_heads.box_predictor.cls_score.weight": [91, 1024],
        "roi_heads.box_predictor.bbox_pred.bias": [364],
    }
    assert {name: state[name] for name in some} == some


def test_what_it_says() -> None:
    network = FasterRCNN(**SMALL, **FEW).eval()
    for training in (False, True):
        outputs = network.train(training)(torch.randn(2, 3, 64, 96))
        assert [list(own.shape) for own in outputs["objectness"]] == [
            [2, 3, 8, 12], [2, 3, 4, 6], [2, 3, 2, 3], [2, 3, 1, 2],
        ]  # fmt: skip
        assert [own.shape[1] for own in outputs["shifts"]] == [12] * 4
        assert outputs["proposals"].shape[1] == 5 and set(outputs["proposals"][:, 0].tolist()) == {0, 1}
        count = outputs["proposals"].shape[0]
        assert outputs["logits"].shape == (count, 4) and outputs["deltas"].shape == (count, 16)
        assert outputs["image_size"].tolist() == [64, 96]


def test_settings_that_cannot_be() -> None:
    with pytest.raises(ValueError, match="no backbone 'vgg'; there are resnet50, mobilenet_v2"):
        FasterRCNN(backbone="vgg")  # type: ignore[arg-type]
    with pytest.raises(
        ValueError, match="anchor_sizes has 2 sizes; give one for each of the 4 maps, whose strides are"
    ):
        FasterRCNN(**SMALL, anchor_sizes=[16, 32])
    with pytest.raises(ValueError, match=r"anchor_ratios is \[0.0\]; give numbers above 0"):
        FasterRCNN(**SMALL, anchor_ratios=[0.0])
    with pytest.raises(ValueError, match="fpn_channels is 0; it must be at least 1"):
        FasterRCNN(class_num=3, fpn_channels=0)


def test_detections_are_those_that_the_head_says() -> None:
    network = FasterRCNN(**SMALL).eval()
    proposals = torch.tensor([[0.0, 10, 10, 30, 30], [1, 0, 0, 20, 40], [1, 40, 40, 90, 60], [1, 0, 0, 20, 39]])
    logits = torch.full((4, 4), -9.0)
    logits[0, 3] = logits[1, 1] = 9.0
    logits[2, 0] = 9.0  # background
    logits[3, 1] = 5.0  # overlaps a better one of its class
    deltas = torch.zeros(4, 16)
    deltas[0, 12] = 5.0  # half a width to the right
    outputs = {
        "objectness": [torch.zeros(2, 3, 1, 1)], "proposals": proposals, "logits": logits, "deltas": deltas,
        "image_size": torch.tensor([64, 96]),
    }  # fmt: skip
    first, second = network.decode(outputs)
    assert (first["boxes"].tolist(), first["labels"].tolist()) == ([[20, 10, 40, 30]], [2])
    assert (second["boxes"].tolist(), second["labels"].tolist()) == ([[0, 0, 20, 40]], [0])
    assert float(first["scores"][0]) > 0.99
