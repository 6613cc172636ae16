"""Faster R-CNN, pruned exactly, heads and pyramid included."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from oracle import BACKEND, error, halves, masked

from prunekit import PrunePlan, prune, trace
from prunekit.core.cost import price
from prunekit.core.parsing.parse import parse
from prunekit.model_zoo.faster_rcnn.pytorch import FasterRCNN

SMALL: dict[str, Any] = {"class_num": 3, "backbone": "mobilenet_v2", "fpn_channels": 16, "head_channels": 32}
FEW: dict[str, Any] = {"rpn_pre_nms_top_n": 40, "rpn_post_nms_top_n": 12}


@pytest.mark.parametrize("frozen", [False, True])
def test_pruned_is_zeroed(frozen: bool) -> None:
    torch.manual_seed(1)
    network = FasterRCNN(**SMALL, **FEW, frozen_bn=frozen).double().eval()
    inputs = torch.randn(1, 3, 64, 96, dtype=torch.float64)
    graph = trace(network, inputs)
    assert graph.notes == ["proven by values: a random part of every group removed"]
    assert len(graph.proven) == len(graph.groups) == 29
    plan, _ = halves(graph, 1)
    small = prune(network, graph, plan)
    assert error(small, masked(network, graph, plan), inputs) <= 1e-12
    assert small.roi_heads.box_head.fc6.in_features == 49 * small.backbone.fpn.layer_blocks[0][0].out_channels


def test_all_but_the_outputs_of_heads_can_shrink() -> None:
    network = FasterRCNN(**FEW, frozen_bn=True, bn_eps=0.0).eval()
    graph = parse(BACKEND, network, np.zeros((1, 3, 128, 128), dtype=np.float32), proof=False)
    groups = {group.name: (group.size, len(group.mids)) for group in graph.groups}
    assert groups["backbone.fpn.inner_blocks.0.0"] == groups["backbone.fpn.layer_blocks.0.0"] == (256, 4)
    assert groups["rpn.head.conv.0.0"] == (256, 1) and groups["roi_heads.box_head.fc6"] == (1024, 1)
    kept = [layer.name for layer in graph.layers if layer.protected or layer.group is None]
    assert kept == ["rpn.head.cls_logits", "rpn.head.bbox_pred",
                    "roi_heads.box_predictor.cls_score", "roi_heads.box_predictor.bbox_pred"]  # fmt: skip
    plan = PrunePlan.uniform(graph, 0.5)
    assert price(graph, plan).macs <= 0.28 * price(graph).macs
    small = prune(network, graph, plan)
    assert small.backbone.body.layer4[2].bn3.running_var.shape == (1024,)
    assert small.roi_heads.box_head.fc6.weight.shape == (512, 49 * 128)


@pytest.mark.slow
def test_published_cost() -> None:
    """torchvision says 134.38 billion MACs, which is at 800x800 with 1000 regions."""
    network = FasterRCNN(frozen_bn=True, bn_eps=0.0, rpn_nms_thresh=1.0).eval()  # all 1000 stay
    graph = parse(BACKEND, network, np.zeros((1, 3, 800, 800), dtype=np.float32), proof=False)
    assert abs(price(graph).macs / 134.38e9 - 1) < 2e-4
    assert price(graph, PrunePlan.uniform(graph, 0.5)).macs < 0.256 * price(graph).macs
