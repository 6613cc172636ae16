"""Weights of torchvision's Faster R-CNN fit, frozen or not."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from prunekit.core.weights import WeightsError, load_weights
from prunekit.model_zoo.faster_rcnn.checkpoint_names import NAMINGS
from prunekit.model_zoo.faster_rcnn.pytorch import FasterRCNN
from prunekit.plugins.backends.pytorch.backend import PytorchBackend


def test_a_file_with_counters_fits_frozen_normalizations(tmp_path: Path) -> None:
    assert [naming.title for naming in NAMINGS] == ["torchvision"]
    trained, frozen = FasterRCNN(class_num=2), FasterRCNN(class_num=2, frozen_bn=True, bn_eps=0.0)
    torch.save(trained.state_dict(), tmp_path / "theirs.pth")
    load_weights(PytorchBackend(), frozen, tmp_path / "theirs.pth")
    state = trained.state_dict()
    assert len(frozen.state_dict()) == 295
    assert all(torch.equal(tensor, state[name]) for name, tensor in frozen.state_dict().items())


def test_other_numbers_of_classes_are_refused(tmp_path: Path) -> None:
    torch.save(FasterRCNN(class_num=2, backbone="mobilenet_v2").state_dict(), tmp_path / "theirs.pth")
    with pytest.raises(WeightsError, match="cls_score"):
        load_weights(PytorchBackend(), FasterRCNN(class_num=3, backbone="mobilenet_v2"), tmp_path / "theirs.pth")
