"""Names in published checkpoints of Faster R-CNN with a ResNet-50 and a feature pyramid."""

from __future__ import annotations

from prunekit.core.weights import Naming
from prunekit.model_zoo.mobilenet_v2.checkpoint_names import NAMINGS as MOBILENET_V2
from prunekit.model_zoo.resnet.checkpoint_names import NAMINGS as RESNET

NAMINGS = (Naming("torchvision", rules=(), made_with="frozen_bn: True and bn_eps: 0.0 (COCO_V1), class_num: 90"),)

BACKBONE_NAMINGS = (*RESNET, *MOBILENET_V2)
"""Of the classifiers that backbones are made of."""
