"""Faster R-CNN with a feature pyramid, with the names that torchvision gives to its parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from prunekit.core.weights import Naming
from prunekit.model_zoo.class_labels import check_labels
from prunekit.model_zoo.detection.pytorch.assignment import Assignment, Sampling
from prunekit.model_zoo.detection.pytorch.backbones import MobileNetV2Maps, ResNetMaps
from prunekit.model_zoo.detection.pytorch.feature_pyramid import FeaturePyramid
from prunekit.model_zoo.detection.pytorch.region_head import Detections, RegionHead
from prunekit.model_zoo.detection.pytorch.region_proposals import ProposalHead, Proposals
from prunekit.model_zoo.detection.pytorch.roi_align import Levels
from prunekit.model_zoo.faster_rcnn.architecture import RATIOS, Backbone, anchors, widths
from prunekit.model_zoo.faster_rcnn.checkpoint_names import BACKBONE_NAMINGS, NAMINGS
from prunekit.model_zoo.faster_rcnn.exported_parts import exported_parts
from prunekit.model_zoo.layers.pytorch import freeze_norms
from prunekit.model_zoo.num_classes import classes
from prunekit.registry import Register, RegisterType

_BODIES: dict[Backbone, type[ResNetMaps] | type[MobileNetV2Maps]] = {
    "resnet50": ResNetMaps,
    "mobilenet_v2": MobileNetV2Maps,
}


class _Backbone(nn.Module):
    def __init__(self, body: ResNetMaps | MobileNetV2Maps, channels: int) -> None:
        super().__init__()
        self.body = body
        self.fpn = FeaturePyramid(body.channels, channels)

    def forward(self, inputs: Tensor) -> list[Tensor]:
        maps: list[Tensor] = self.fpn(self.body(inputs))
        return maps


class _Rpn(nn.Module):
    def __init__(self, head: ProposalHead) -> None:
        super().__init__()
        self.head = head


@Register.register(RegisterType.NETWORK)
class FasterRCNN(nn.Module):
    """Faster R-CNN: 41.8 million parameters with a ResNet-50 and 90 classes.

    Args:
        class_num: Number of classes without the background; 90 if neither name is given, as in COCO's numbering.
        num_classes: Another name for ``class_num``.
        backbone: ``resnet50`` with maps of strides 4 to 64, or ``mobilenet_v2`` with maps of strides 8 to 64.
        in_channels: Channels of the images.
        frozen_bn: Whether the backbone's batch normalizations are not trained.
        bn_eps: What they add to the variance; torchvision has 0.0 with its weights for COCO, else 1e-5.
        fpn_channels: Channels of the feature pyramid; 256 with ``resnet50``, 64 with ``mobilenet_v2``.
        head_channels: Of the linear layers over regions; 1024 with ``resnet50``, 256 with ``mobilenet_v2``.
        anchor_sizes: Side of the anchors at each map, in pixels; 32 at the first one and doubled from map to map.
        anchor_ratios: Heights of anchors divided by their widths.
        rpn_pre_nms_top_n: Candidates of each map; torchvision trains with 2000.
        rpn_post_nms_top_n: Proposals of an image; torchvision trains with 2000.
        rpn_nms_thresh: Of two candidates of one map the better stays where they share more.
        rpn_fg_iou_thresh: From what overlap on an anchor learns an object.
        rpn_bg_iou_thresh: Below what overlap it learns that there is none.
        rpn_batch_size_per_image: Anchors of an image in a step.
        rpn_positive_fraction: How much of them at most are of objects.
        box_score_thresh: The least score of a detection.
        box_nms_thresh: Of two detections of one class the better stays where they share more.
        box_detections_per_img: Detections of an image at most.
        box_fg_iou_thresh: From what overlap on a proposal learns an object, and below which that there is none.
        box_batch_size_per_image: Proposals of an image in a step.
        box_positive_fraction: How much of them at most are of objects.

    Raises:
        ValueError: There is no such backbone, the two names of the number of classes contradict each other, or a
            number is none that is possible.
    """

    metric: ClassVar[str] = "mAP"
    namings: ClassVar[tuple[Naming, ...]] = NAMINGS
    backbone_name: ClassVar[str] = "backbone.body"
    backbone_namings: ClassVar[tuple[Naming, ...]] = BACKBONE_NAMINGS

    def __init__(
        self,
        class_num: int | None = None,
        num_classes: int | None = None,
        backbone: Backbone = "resnet50",
        in_channels: int = 3,
        frozen_bn: bool = False,
        bn_eps: float = 1e-5,
        fpn_channels: int | None = None,
        head_channels: int | None = None,
        anchor_sizes: list[float] | None = None,
        anchor_ratios: list[float] | None = None,
        rpn_pre_nms_top_n: int = 1000,
        rpn_post_nms_top_n: int = 1000,
        rpn_nms_thresh: float = 0.7,
        rpn_fg_iou_thresh: float = 0.7,
        rpn_bg_iou_thresh: float = 0.3,
        rpn_batch_size_per_image: int = 256,
        rpn_positive_fraction: float = 0.5,
        box_score_thresh: float = 0.05,
        box_nms_thresh: float = 0.5,
        box_detections_per_img: int = 100,
        box_fg_iou_thresh: float = 0.5,
        box_batch_size_per_image: int = 512,
        box_positive_fraction: float = 0.25,
    ) -> None:
        super().__init__()
        width, labels = widths(backbone, fpn_channels, head_channels), classes(class_num, num_classes, 90) + 1
        body = _BODIES[backbone](in_channels, bn_eps)
        if frozen_bn:
            freeze_norms(body)
        strides = (*body.strides, 2 * body.strides[-1])
        shapes = anchors(backbone, strides, anchor_sizes, RATIOS if anchor_ratios is None else anchor_ratios)
        self.backbone = _Backbone(body, width.pyramid)
        self.rpn = _Rpn(ProposalHead(width.pyramid, len(shapes[0])))
        self.roi_heads = RegionHead(width.pyramid, width.head, labels, Levels(body.strides))
        self._proposals = Proposals(
            strides, shapes, rpn_pre_nms_top_n, rpn_post_nms_top_n, rpn_nms_thresh,
            Assignment(rpn_fg_iou_thresh, rpn_bg_iou_thresh, each=True),
            Sampling(rpn_batch_size_per_image, rpn_positive_fraction),
        )  # fmt: skip
        self._detections = Detections(
            box_score_thresh, box_nms_thresh, box_detections_per_img,
            Assignment(box_fg_iou_thresh, box_fg_iou_thresh),
            Sampling(box_batch_size_per_image, box_positive_fraction),
        )  # fmt: skip

    def forward(self, inputs: Tensor) -> dict[str, Any]:
        """Images [N, in_channels, H, W] to what the network says, before anything is chosen of it.

        Returns:
            ``objectness`` and ``shifts`` of the anchors, a map for each stride; ``proposals``, rows of ``(which image,
            x1, y1, x2, y2)``, best first in each image; their ``logits``, background first, and ``deltas``, four for
            each label; ``image_size``, height and width.
        """
        maps, objectness, shifts = self.regions(inputs)
        size = inputs.shape[-2], inputs.shape[-1]
        rois = _numbered(self._proposals.choose(objectness, shifts, *size))
        logits, deltas = self.roi_heads(maps[:-1], rois)
        return {
            "objectness": objectness, "shifts": shifts, "proposals": rois, "logits": logits, "deltas": deltas,
            "image_size": torch.tensor(size),
        }  # fmt: skip

    def regions(self, inputs: Tensor) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
        """Images to the pyramid's maps, and for each of them ``objectness`` and ``shifts``: the first part alone."""
        maps = self.backbone(inputs)
        objectness, shifts = self.rpn.head(maps)
        return maps, objectness, shifts

    def losses(self, inputs: Tensor, target: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
        """The four losses of images whose objects ``target`` says; draws are of torch's generator.

        Args:
            inputs: Images [N, in_channels, H, W].
            target: Of each image ``boxes`` [n, 4] in pixels and ``labels`` [n], the first class being 0; objects of
                which ``iscrowd`` says that they are many are not looked at.

        Raises:
            DataError: The label of an object is no class.
        """
        objects, labels = _single(target)
        check_labels(torch.cat(labels), self.roi_heads.box_predictor.cls_score.out_features - 1)
        maps, objectness, shifts = self.regions(inputs)
        there, where = self._proposals.losses(objectness, shifts, objects)
        proposals = self._proposals.choose(objectness, shifts, inputs.shape[-2], inputs.shape[-1])
        samples = [self._detections.sample(*own) for own in zip(proposals, objects, labels, strict=True)]
        logits, deltas = self.roi_heads(maps[:-1], _numbered([boxes for boxes, _, _ in samples]))
        what, exactly = self._detections.losses(
            logits, deltas, torch.cat([own for _, own, _ in samples]), torch.cat([wanted for _, _, wanted in samples])
        )
        return {"loss_objectness": there, "loss_rpn_box": where, "loss_class": what, "loss_box": exactly}

    def exported_parts(self, inputs: NDArray[Any]) -> dict[str, tuple[nn.Module, Any]]:
        """What is exported: ``regions``, from images to maps and what they say of anchors, and ``boxes`` from there."""
        return exported_parts(self, inputs)

    @torch.no_grad()
    def decode(self, outputs: Mapping[str, Any]) -> list[dict[str, Tensor]]:
        """What ``forward`` returned as detections of each image, best first: ``boxes``, ``scores``, ``labels``."""
        rois, logits, deltas = outputs["proposals"], outputs["logits"], outputs["deltas"]
        height, width = (int(side) for side in outputs["image_size"])
        found = []
        for image in range(outputs["objectness"][0].shape[0]):
            own = rois[:, 0] == image
            found.append(self._detections.of(rois[own], logits[own], deltas[own], height, width))
        return found


def _single(target: Sequence[Mapping[str, Tensor]]) -> tuple[list[Tensor], list[Tensor]]:
    """Boxes and labels of the objects that are one each."""
    boxes, labels = [], []
    for own in target:
        single = own["iscrowd"] == 0 if "iscrowd" in own else torch.ones_like(own["labels"], dtype=torch.bool)
        boxes.append(own["boxes"][single])
        labels.append(own["labels"][single])
    return boxes, labels


def _numbered(boxes: Sequence[Tensor]) -> Tensor:
    """Boxes of every image in one list, each with the image's number before it."""
    return torch.cat([torch.cat([own.new_full((own.shape[0], 1), k), own], 1) for k, own in enumerate(boxes)])
