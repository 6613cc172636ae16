"""Faster R-CNN as two graphs: together they say what the network says, in ONNX too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from prunekit.core.data.difference import relative_difference
from prunekit.model_zoo.faster_rcnn.pytorch import FasterRCNN


def network(**given: Any) -> FasterRCNN:
    torch.manual_seed(0)
    made = FasterRCNN(class_num=3, fpn_channels=16, head_channels=32, rpn_post_nms_top_n=70, **given).eval()
    with torch.no_grad():  # or all regions would say nearly the same
        made.rpn.head.bbox_pred.weight.mul_(30)
        made.roi_heads.box_predictor.cls_score.weight.mul_(30)
    return made


@pytest.mark.parametrize("backbone", ["mobilenet_v2", "resnet50"])
def test_together_they_are_the_network(backbone: str) -> None:
    made, images = network(backbone=backbone), torch.randn(2, 3, 64, 96)
    parts = made.exported_parts(images.numpy())
    with torch.no_grad():
        wanted = made(images)
        (regions, given), (boxes, (_, *own)) = parts["regions"], parts["boxes"]
        found = regions(torch.from_numpy(given))
        count = len(own)
        proposals = wanted["proposals"]
        for image in range(2):
            rows = proposals[:, 0] == image
            logits, deltas = boxes(proposals[rows, 1:], *(each[image : image + 1] for each in found[:count]))
            for found_here, whole in ((logits, wanted["logits"]), (deltas, wanted["deltas"])):
                assert relative_difference(found_here.numpy(), whole[rows].numpy()) < 1e-5
    said = [*wanted["objectness"], *wanted["shifts"]]
    assert all(torch.equal(a, b) for a, b in zip(found[count:], said, strict=True))


def test_in_onnx_with_any_number_of_images_and_regions(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    from prunekit.plugins.exporters.onnx_pytorch import OnnxExporter

    made = network(backbone="mobilenet_v2")
    for name, (part, given) in made.exported_parts(torch.randn(1, 3, 128, 160).numpy()).items():
        written = OnnxExporter().export(part, given, tmp_path / f"{name}.onnx")
        arrays = given if isinstance(given, tuple) else (given,)
        assert written.parity_error < 1e-5
        session = runtime.InferenceSession(str(written.path), providers=["CPUExecutionProvider"])
        few = (arrays[0][:3], *arrays[1:]) if name == "boxes" else (np.repeat(arrays[0], 3, axis=0),)
        found = session.run(None, dict(zip([each.name for each in session.get_inputs()], few, strict=True)))
        with torch.no_grad():
            wanted = part(*(torch.from_numpy(array) for array in few))
        assert all(len(array) == 3 for array in found)
        for a, b in zip(found, wanted, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
