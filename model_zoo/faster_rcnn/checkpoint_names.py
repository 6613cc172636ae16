"""Names in published checkpoints of Faster R-CNN with a ResNet-50 and a feature pyramid."""

from __future__ import annotations

from prunekit.core.weights import Naming

NAMINGS = (Naming("torchvision", rules=(), made_with="frozen_bn: True and bn_eps: 0.0 (COCO_V1), class_num: 90"),)
