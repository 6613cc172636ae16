"""The networks that ship with prunekit. Importing this imports nothing else."""

from __future__ import annotations


def _network(name: str, target: str, backend: str) -> dict[str, object]:
    return {"type": "network", "name": name, "backend": backend, "target": f"prunekit.model_zoo.{target}:{name}"}


MODULE_REGISTER = [
    _network(name, "resnet.pytorch", "pytorch") for name in ("CifarResNet", "ResNet8", "ResNet20", "ResNet56")
]
