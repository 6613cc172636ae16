"""Names in published checkpoints of MobileNetV2."""

from __future__ import annotations

from prunekit.core.weights import LEAVES, Naming

NAMINGS = (
    Naming("torchvision", rules=()),
    Naming(  # the head was a sequence in older releases
        "MindSpore's official MobileNetV2",
        rules=(*LEAVES, (r"\.features\.", "."), (r"^(dense|head\.[12])\.", "classifier.1.")),
    ),
)
