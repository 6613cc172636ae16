"""The networks that ship with prunekit. Importing this imports nothing else."""

from __future__ import annotations


def _network(target: str, name: str | None = None) -> dict[str, object]:
    """One entry; the framework is the name of the file, and the name in a yml is the class's unless given."""
    module, _, found = target.partition(":")
    backend = module.rpartition(".")[2]
    return {
        "type": "network", "name": name or found, "backend": backend, "target": f"prunekit.model_zoo.{target}",
    }  # fmt: skip


def _zoo(library: str) -> dict[str, object]:
    """Another library's collection of networks; each of its models is ``library:model``."""
    target = f"prunekit.model_zoo.zoos.{library}:{library}_model"
    return {"type": "network", "name": f"{library}:", "backend": "pytorch", "target": target}


MODULE_REGISTER = [
    _network("cifar_resnet.pytorch:CifarResNet"),
    _network("cifar_resnet.pytorch:ResNet8"),
    _network("cifar_resnet.pytorch:ResNet20"),
    _network("cifar_resnet.pytorch:ResNet56"),
    _network("mobilenet_v2.pytorch:MobileNetV2"),
    _network("resnet.pytorch:ResNet", "ResNet_ModelZoo"),
    _network("resnet.pytorch:ResNet18"),
    _network("resnet.pytorch:ResNet34"),
    _network("resnet.pytorch:ResNet50"),
    _network("resnet.pytorch:ResNet101"),
    _zoo("timm"),
    _zoo("torchvision"),
]
