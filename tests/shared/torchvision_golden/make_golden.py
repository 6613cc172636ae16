"""Writes the golden numbers that the operators of detectors are held against, with torchvision's own operators.

It needs an environment in which torchvision has them, and runs there alone: ``pip install torch==2.14.1
torchvision==0.29.1``, then ``python make_golden.py``.
"""

from __future__ import annotations

import cases
import numpy as np
import torch
import torchvision
from torchvision.models.detection import fasterrcnn_resnet50_fpn
from torchvision.models.detection.transform import ImageList
from torchvision.ops import MultiScaleRoIAlign, batched_nms, nms, roi_align

EVERYTHING = 10**6  # samples in a step: where all are looked at, nothing is drawn


def of_detector() -> dict[str, np.ndarray]:
    """What a whole detector says of two images, and its losses."""
    made = fasterrcnn_resnet50_fpn(
        weights=None, weights_backbone=None, num_classes=cases.CLASSES + 1, rpn_pre_nms_top_n_train=1000,
        rpn_post_nms_top_n_train=100, rpn_post_nms_top_n_test=100, rpn_batch_size_per_image=EVERYTHING,
        box_batch_size_per_image=EVERYTHING,
    ).eval()  # fmt: skip
    state = made.state_dict()
    drawn = {name: torch.from_numpy(cases.weight(name, tuple(t.shape))) for name, t in state.items() if t.ndim}
    made.load_state_dict({**state, **drawn})
    images = torch.from_numpy(cases.images())
    listed = ImageList(images, [cases.IMAGE] * 2)  # past the transform, which resizes
    with torch.no_grad():
        maps = made.backbone(images)
        objectness, shifts = made.rpn.head(list(maps.values()))
        proposals, _ = made.rpn(listed, maps)
        detections, _ = made.roi_heads(maps, proposals, listed.image_sizes)
        targets = [
            {"boxes": torch.from_numpy(boxes), "labels": torch.from_numpy(labels) + 1}
            for boxes, labels in cases.objects()
        ]
        made.rpn.train(), made.roi_heads.train()
        proposals_of_training, rpn_losses = made.rpn(listed, maps, targets)
        _, head_losses = made.roi_heads(maps, proposals_of_training, listed.image_sizes, targets)
    losses = {**rpn_losses, **head_losses}
    names = ("loss_objectness", "loss_rpn_box_reg", "loss_classifier", "loss_box_reg")
    found = {"losses": torch.stack([losses[name] for name in names])}
    found |= {f"objectness {level}": part for level, part in enumerate(objectness)}
    found |= {f"shifts {level}": part for level, part in enumerate(shifts) if level > 1}
    for image, (boxes, own) in enumerate(zip(proposals, detections, strict=True)):
        found |= {f"proposals {image}": boxes, **{f"{key} {image}": own[key] for key in ("boxes", "scores", "labels")}}
    return {f"detector {name}": tensor.numpy() for name, tensor in found.items()}


def main() -> None:
    """Write them."""
    found: dict[str, np.ndarray] = {}
    for rounded in (False, True):
        boxes, scores, labels = (torch.from_numpy(a) for a in cases.boxes(400, 1, rounded))
        for threshold in cases.THRESHOLDS:
            found[f"nms {rounded} {threshold}"] = nms(boxes, scores, threshold).numpy()
            found[f"batched_nms {rounded} {threshold}"] = batched_nms(boxes, scores, labels, threshold).numpy()
    maps, rois = [torch.from_numpy(m) for m in cases.maps(2)], [torch.from_numpy(r) for r in cases.rois(20, 3)]
    for stride, features in zip(cases.STRIDES, maps, strict=True):
        found[f"roi_align {stride}"] = roi_align(features, rois, 7, 1 / stride, 2, aligned=False).numpy()
    pool = MultiScaleRoIAlign(["0", "1", "2", "3"], 7, 2, canonical_scale=56)
    levels = dict(zip("0123", maps, strict=True))
    found["levels"] = pool(levels, rois, [cases.IMAGE] * 2).numpy()
    found |= of_detector()
    np.savez_compressed(cases.FILE, **found)
    print(f"{cases.FILE.name}: {len(found)} arrays of torch {torch.__version__}, torchvision {torchvision.__version__}")


if __name__ == "__main__":
    main()
