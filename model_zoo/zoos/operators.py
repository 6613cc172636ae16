"""The operators of torchvision that its networks use, for builds of torch beside which its own are missing.

torchvision is compiled for one build of torch. Beside another it finds none of its operators, and its import fails
where it describes them. These are slower and compute the same.
"""

from __future__ import annotations

import sys

import torch

from prunekit.model_zoo.detection.pytorch import roi_align_operator
from prunekit.model_zoo.detection.pytorch.suppression import suppressed

_BOXES = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
_defined: list[torch.library.Library] = []  # it lasts as long as this


def missing(problem: RuntimeError) -> bool:
    """Whether an import failed for want of torchvision's operators."""
    return "torchvision::" in str(problem) and not _defined


def define() -> None:
    """Define them, before torchvision is imported again."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        del sys.modules[name]  # what is left of the import that failed
    made = torch.library.Library("torchvision", "DEF")
    made.define(f"nms{_BOXES}")
    made.define(f"qnms{_BOXES}")
    made.impl("nms", suppressed, "CompositeExplicitAutograd")
    roi_align_operator.define(made)
    _defined.append(made)


def use() -> None:
    """Let torchvision, once imported, call them."""
    for name in ("torchvision.extension", "torchvision.ops.roi_align"):
        vars(sys.modules[name])["_has_ops"] = lambda: True
