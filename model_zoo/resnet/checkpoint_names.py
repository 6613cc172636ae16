"""Names in published checkpoints of ResNets."""

from __future__ import annotations

from prunekit.core.weights import LEAVES, Naming

_SYMMETRIC = "padding: symmetric and bn_eps: 0.00001"

NAMINGS = (
    Naming("torchvision", rules=(), made_with=_SYMMETRIC),
    Naming(
        "MindSpore's official ResNet",
        rules=(*LEAVES, (r"\bdown_sample_layer\b", "downsample"), (r"^end_point\.", "fc.")),
        made_with="padding: same and bn_eps: 0.0001",
    ),
    Naming(
        "mindcv",
        rules=(*LEAVES, (r"\bdown_sample\b", "downsample"), (r"^classifier\.", "fc.")),
        made_with=_SYMMETRIC,
    ),
)
