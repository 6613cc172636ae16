"""What is seen before anything is computed: here, classes that the network has no output for."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from prunekit.core.config import load_config
from prunekit.core.pipeline.datasets import Datasets
from prunekit.core.pipeline.errors import RunError
from prunekit.core.pipeline.preflight import look_ahead
from prunekit.registry import Register, RegisterType

YML = """\
general: {backend: BACKEND}
pipeline: [train]
train:
  pipe_step: {type: TrainPipeStep}
  model: {model_desc: {backbone: {type: OfClasses, KEY}}}
  dataset: {type: ThreeClasses}
  trainer: {type: Trainer}
"""


class OfClasses:
    def __init__(self, class_num: int | None = None, num_classes: int | None = None) -> None: ...


class ThreeClasses:
    class_names = ("cat", "dog", "cow")

    def __init__(self, split: str) -> None: ...

    def __len__(self) -> int:
        return 5


@pytest.fixture
def ahead(tmp_path: Path) -> Any:
    backend = os.environ["PRUNEKIT_TEST_BACKEND"]
    with Register.isolated():
        Register.register(RegisterType.NETWORK, OfClasses, backend=backend)
        Register.register(RegisterType.DATASET, ThreeClasses)

        def look(key: str) -> None:
            (tmp_path / "a.yml").write_text(YML.replace("BACKEND", backend).replace("KEY", key))
            look_ahead(load_config(tmp_path / "a.yml").steps.values(), Datasets(backend), backend)

        yield look


@pytest.mark.parametrize("key", ["class_num", "num_classes"])
def test_fewer_outputs_than_classes_are_refused(ahead: Any, key: str) -> None:
    told = rf"a.yml:5: train.*backbone: {key} is 2, but ThreeClasses has 3 classes \(cat, dog, cow\)$"
    with pytest.raises(RunError, match=told):
        ahead(f"{key}: 2")


def test_a_mere_number_of_classes_may_be_more_than_the_data_has(ahead: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """As of ImageNet's folders, of which there can be few."""
    monkeypatch.delattr(ThreeClasses, "class_names")
    monkeypatch.setattr(ThreeClasses, "num_classes", 1000, raising=False)
    ahead("class_num: 2")


@pytest.mark.parametrize("key", ["class_num: 3", "class_num: 80", "class_num: ~"])
def test_more_are_not(ahead: Any, key: str) -> None:
    ahead(key)
