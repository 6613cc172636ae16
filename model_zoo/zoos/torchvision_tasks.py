"""What torchvision's detectors and segmenters lack to be trained and judged here, given to the models themselves.

Their layers, names, forward and outputs stay as they are: trace, proof and export see those.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor

from prunekit.core.data.contract import DataError
from prunekit.model_zoo.class_labels import check_labels
from prunekit.model_zoo.deeplabv3.loss_pytorch import pixel_cross_entropy

_IGNORED = 255  # what datasets here give pixels that do not count
_CLASSES = "num_classes, which counts the background,"
_SECOND_WEIGHT = 0.5  # of the second head's loss, as in torchvision's references

Objects = Mapping[str, Tensor]


class Detector:
    """A detector, which computes its losses itself, for labels that begin with the background."""

    metric: ClassVar[str] = "mAP"
    labels_and_background: int

    def losses(self: Any, inputs: Tensor, target: Sequence[Objects]) -> dict[str, Tensor]:
        """Its own losses; objects of which ``iscrowd`` says that they are many are not looked at.

        Raises:
            DataError: The label of an object is no class, or it learns from more than boxes.
        """
        heads = getattr(self, "roi_heads", None)
        if heads is not None and (heads.has_mask() or heads.has_keypoint()):
            raise DataError(
                f"{type(self).__name__} of torchvision learns from masks or keypoints too, which a dataset with boxes"
                " does not have; take a detector of boxes, such as torchvision:fasterrcnn_resnet50_fpn"
            )
        single = [_single(own) for own in target]
        check_labels(torch.cat([own["labels"] for own in single]), self.labels_and_background - 1, settings=_CLASSES)
        wanted = [{"boxes": own["boxes"], "labels": own["labels"] + 1} for own in single]
        found: dict[str, Tensor] = self(inputs, wanted)
        return found

    def decode(self, outputs: Sequence[Objects]) -> list[dict[str, Tensor]]:
        """Its detections, with labels that count from the first class."""
        return [{"boxes": own["boxes"], "scores": own["scores"], "labels": own["labels"] - 1} for own in outputs]


class Segmenter:
    """A segmenter, which gives its logits by name: ``out``, and ``aux`` where it has a second head."""

    metric: ClassVar[str] = "mIoU"

    def loss(self, outputs: Mapping[str, Tensor], target: Tensor) -> Tensor:
        """Cross-entropy of the pixels that are not 255, with half of the second head's.

        Raises:
            DataError: The masks do not fit the logits, or a label is no class.
        """
        main = pixel_cross_entropy(outputs["out"], target, None, _IGNORED)
        if "aux" not in outputs:
            return main
        return main + _SECOND_WEIGHT * pixel_cross_entropy(outputs["aux"], target, None, _IGNORED)

    def decode(self, outputs: Mapping[str, Tensor]) -> Tensor:
        """The class of every pixel, uint8 [N, H, W]."""
        return outputs["out"].argmax(1).to(torch.uint8)


def trainable(network: Any, task: str, labels: int | None) -> Any:
    """The same model, which is a detector or a segmenter for the trainer and for metrics too.

    Args:
        network: As torchvision made it.
        task: The part of ``torchvision.models`` that it is of; those of other tasks are given back as they are.
        labels: How many it was made for; None for as many as COCO has.
    """
    if task == "detection":
        network.__class__ = _with(type(network), Detector)
        network.labels_and_background = 91 if labels is None else labels
    elif task == "segmentation":
        network.__class__ = _with(type(network), Segmenter)
    return network


def _with(kind: type, part: type) -> type:
    """A class of the same name that has the methods of both."""
    return type(kind.__name__, (part, kind), {"__module__": kind.__module__, "__doc__": kind.__doc__})


def _single(own: Objects) -> Objects:
    if "iscrowd" not in own:
        return own
    return {key: own[key][own["iscrowd"] == 0] for key in ("boxes", "labels")}
