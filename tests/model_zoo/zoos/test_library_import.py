"""What is said where a library or one of its models is missing, and how models are made; the libraries are made up."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from prunekit.model_zoo.zoos import operators
from prunekit.registry import BrokenEntryError, Register, RegisterType, UnknownNameError

NETWORK = RegisterType.NETWORK


@pytest.fixture
def libraries(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """Put a small timm and a small torchvision in the places of the real ones; what they are asked for is noted."""
    asked: list[tuple[str, dict[str, Any]]] = []

    def tiny(*, weights: Any = "trained", weights_backbone: Any = "trained", **parameters: Any) -> str:
        asked.append(("tiny", {"weights": weights, "weights_backbone": weights_backbone, **parameters}))
        return "made"

    def create_model(name: str, **parameters: Any) -> str:
        asked.append((name, parameters))
        return "made"

    timm, torchvision, models = ModuleType("timm"), ModuleType("torchvision"), ModuleType("torchvision.models")
    vars(timm).update(__version__="1.0", create_model=create_model, list_models=lambda: ["convnext_tiny", "vit"])
    vars(torchvision).update(__version__="0.9", models=models)
    vars(models).update(list_models=lambda: ["tiny"], get_model_builder=lambda name: tiny)
    monkeypatch.setitem(sys.modules, "timm", timm)
    monkeypatch.setitem(sys.modules, "torchvision", torchvision)
    return asked


def test_models_are_made_without_weights(libraries: list[tuple[str, dict[str, Any]]]) -> None:
    get: Callable[..., Any] = Register.get
    assert get(NETWORK, "timm:convnext_tiny", "pytorch")(num_classes=7, depths=[1, 1]) == "made"
    assert get(NETWORK, "timm:vit.tag", "pytorch")(pretrained=False) == "made"
    assert get(NETWORK, "torchvision:tiny", "pytorch")(num_classes=3, min_size=9, weights=None) == "made"
    assert libraries == [
        ("convnext_tiny", {"num_classes": 7, "depths": [1, 1]}),
        ("vit.tag", {}),
        ("tiny", {"weights": None, "weights_backbone": None, "num_classes": 3, "min_size": 9}),
    ]


@pytest.mark.parametrize(
    ("name", "key"), [("timm:vit", "pretrained"), ("timm:vit", "checkpoint_path"), ("torchvision:tiny", "weights")]
)
def test_trained_weights_are_named_elsewhere(libraries: object, name: str, key: str) -> None:
    with pytest.raises(ValueError, match=f"^{key}: networks are made with random weights .* pretrained_model_file"):
        Register.get(NETWORK, name, "pytorch")(**{key: "x"})


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("timm:convnxt_tiny", "timm 1.0 has no model 'convnxt_tiny'. Did you mean 'convnext_tiny'?"),
        ("torchvision:resnet", "torchvision 0.9 has no model 'resnet'. It has 1 others."),
    ],
)
def test_unknown_models(libraries: object, name: str, said: str) -> None:
    with pytest.raises(UnknownNameError) as raised:
        Register.get(NETWORK, name, "pytorch")
    assert str(raised.value) == said


@pytest.mark.parametrize(("name", "missing"), [("timm", "timm"), ("timm", "torchvision"), ("torchvision",) * 2])
def test_a_library_that_is_not_installed(
    libraries: object, monkeypatch: pytest.MonkeyPatch, name: str, missing: str
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(BrokenEntryError) as raised:
        Register.get(NETWORK, f"{name}:vit", "pytorch")
    assert str(raised.value) == (f"the networks {name}:NAME need {missing}, which is not installed: pip install {name}")


def test_an_import_that_fails_for_another_reason(
    libraries: object, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    (tmp_path / "torchvision.py").write_text("raise RuntimeError('no such luck')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "torchvision")
    with pytest.raises(BrokenEntryError, match=r"'timm:vit' .* failed: RuntimeError: no such luck$"):
        Register.get(NETWORK, "timm:vit", "pytorch")
    assert not operators.missing(RuntimeError("no such luck"))
