"""Names in published checkpoints of ResNets."""

from __future__ import annotations

from prunekit.core.weights import LEAVES, Naming

_OFFICIAL = (*LEAVES, (r"\bdown_sample_layer\b", "downsample"), (r"^end_point\.", "fc."))

NAMINGS = (
    Naming("torchvision", rules=(), made_with="padding: symmetric and bn_eps: 0.00001"),
    Naming(
        "MindSpore's official ResNet",
        rules=_OFFICIAL,
        made_with="padding: same and bn_eps: 0.0001",
    ),
    Naming(
        "MindSpore's official ResNet-18 and ResNet-34",
        rules=(*_OFFICIAL, (r"\bbn([12])d\b", r"bn\1")),
        made_with="padding: symmetric and bn_eps: 0.0001, but 0.00001 in stem and shortcuts, which cannot be set here",
    ),
    Naming(
        "mindcv",
        rules=(*LEAVES, (r"\bdown_sample\b", "downsample"), (r"^classifier\.", "fc.")),
        made_with="padding: pool_same and bn_eps: 0.00001",
    ),
)
