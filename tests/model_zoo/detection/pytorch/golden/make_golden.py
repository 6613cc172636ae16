"""Writes the golden numbers that the operators of detectors are held against, with torchvision's own operators.

It needs an environment in which torchvision has them, and runs there alone: ``pip install torch==2.14.1
torchvision==0.29.1``, then ``python make_golden.py``.
"""

from __future__ import annotations

import cases
import numpy as np
import torch
import torchvision
from torchvision.ops import MultiScaleRoIAlign, batched_nms, nms, roi_align


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
    np.savez_compressed(cases.FILE, **found)
    print(f"{cases.FILE.name}: {len(found)} arrays of torch {torch.__version__}, torchvision {torchvision.__version__}")


if __name__ == "__main__":
    main()
