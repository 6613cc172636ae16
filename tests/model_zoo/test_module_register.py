from __future__ import annotations

import os

import pytest

from prunekit.core.api import backend_for
from prunekit.core.config.signature import read_signature
from prunekit.model_zoo.module_register import MODULE_REGISTER
from prunekit.registry import Register, RegisterType

BACKEND = os.environ["PRUNEKIT_TEST_BACKEND"]
NETWORKS = [entry for entry in MODULE_REGISTER if entry["type"] == "network"]
NAMES = [str(entry["name"]) for entry in NETWORKS]
OURS = [str(entry["name"]) for entry in NETWORKS if entry["backend"] == BACKEND and entry["name"][-1:] != ":"]


def test_what_ships() -> None:
    assert set(NAMES) == {
        "CifarResNet", "ResNet8", "ResNet20", "ResNet56",
        "ResNet_ModelZoo", "ResNet18", "ResNet34", "ResNet50", "ResNet101", "MobileNetV2", "DeepLabV3", "FasterRCNN",
        "YoloV5",
        "timm:", "torchvision:",
    }  # fmt: skip


@pytest.mark.parametrize("name", OURS)
def test_a_name_is_the_class_itself_and_a_yml_can_be_checked(name: str) -> None:
    found = Register.get(RegisterType.NETWORK, name, BACKEND)
    entry = Register.entry(RegisterType.NETWORK, name, BACKEND)
    assert isinstance(found, type) and entry.target == f"{found.__module__}:{found.__name__}"
    signature = read_signature(found, frozenset())
    assert {"class_num", "num_classes", "in_channels"} <= set(signature.annotations)
    assert signature.catch_all is None and not signature.unchecked
    assert set(signature.defaults) == set(signature.annotations)


def test_the_guides_name() -> None:
    made = Register.get(RegisterType.NETWORK, "ResNet_ModelZoo", BACKEND)(version="resnet18", class_num=3)
    own = Register.get(RegisterType.NETWORK, "ResNet18", BACKEND)(class_num=3)
    backend = backend_for(made)
    assert backend.weight_shapes(made) == backend.weight_shapes(own)
