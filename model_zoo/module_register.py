"""The networks that ship with prunekit. Importing this imports nothing else."""

from __future__ import annotations

_FRAMEWORKS = ("mindspore", "pytorch")  # each the name of a backend, and of a file in a network's package


def _twins(package: str, *classes: str, name: str | None = None) -> list[dict[str, object]]:
    """The entries of classes that every framework has; the name in a yml is the class's unless given."""
    return [
        {
            "type": "network", "name": name or found, "backend": framework,
            "target": f"prunekit.model_zoo.{package}.{framework}:{found}",
        }
        for found in classes
        for framework in _FRAMEWORKS
    ]  # fmt: skip


def _zoo(library: str) -> dict[str, object]:
    """Another library's collection of networks; each of its models is ``library:model``."""
    target = f"prunekit.model_zoo.zoos.{library}:{library}_model"
    return {"type": "network", "name": f"{library}:", "backend": "pytorch", "target": target}


_ON_PYTORCH: list[dict[str, object]] = [
    {
        "type": "network", "name": "FasterRCNN", "aliases": ["FasterRcnn"], "backend": "pytorch",
        "target": "prunekit.model_zoo.faster_rcnn.pytorch:FasterRCNN",
    },
    {
        "type": "network", "name": "YoloV5", "aliases": ["YOLOv5"], "backend": "pytorch",
        "target": "prunekit.model_zoo.yolov5.pytorch:YoloV5",
    },
]  # fmt: skip

_OPERATORS: list[dict[str, object]] = [
    {
        "type": "operator_rule", "name": "prunekit::roi_align", "backend": "pytorch",
        "target": "prunekit.model_zoo.detection.pytorch.roi_align_operator:rule",
    },
]  # fmt: skip

MODULE_REGISTER = [
    *_OPERATORS,
    *_twins("cifar_resnet", "CifarResNet", "ResNet8", "ResNet20", "ResNet56"),
    *_twins("mobilenet_v2", "MobileNetV2"),
    *_twins("resnet", "ResNet", name="ResNet_ModelZoo"),
    *_twins("resnet", "ResNet18", "ResNet34", "ResNet50", "ResNet101"),
    *_ON_PYTORCH,
    _zoo("timm"),
    _zoo("torchvision"),
]
