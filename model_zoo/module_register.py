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


def _pytorch(package: str, found: str, *aliases: str) -> dict[str, object]:
    """The entry of a class that PyTorch alone has so far."""
    target = f"prunekit.model_zoo.{package}.pytorch:{found}"
    return {"type": "network", "name": found, "aliases": list(aliases), "backend": "pytorch", "target": target}


def _zoo(library: str) -> dict[str, object]:
    """Another library's collection of networks; each of its models is ``library:model``."""
    target = f"prunekit.model_zoo.zoos.{library}:{library}_model"
    return {"type": "network", "name": f"{library}:", "backend": "pytorch", "target": target}


MODULE_REGISTER = [
    *_twins("cifar_resnet", "CifarResNet", "ResNet8", "ResNet20", "ResNet56"),
    _pytorch("deeplabv3", "DeepLabV3"),
    _pytorch("faster_rcnn", "FasterRCNN", "FasterRcnn"),
    *_twins("mobilenet_v2", "MobileNetV2"),
    *_twins("resnet", "ResNet", name="ResNet_ModelZoo"),
    *_twins("resnet", "ResNet18", "ResNet34", "ResNet50", "ResNet101"),
    _pytorch("yolov5", "YoloV5", "YOLOv5"),
    {
        "type": "operator_rule", "name": "prunekit::roi_align", "backend": "pytorch",
        "target": "prunekit.model_zoo.detection.pytorch.roi_align_operator:rule",
    },
    _zoo("timm"),
    _zoo("torchvision"),
]  # fmt: skip
