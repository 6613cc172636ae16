from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from prunekit.core.pipeline.exporting import ExportError
from prunekit.plugins.exporters.onnx_pytorch import OnnxExporter

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
IMAGES = np.random.default_rng(0).normal(size=(2, 3, 8, 8)).astype(np.float32)


def network() -> nn.Sequential:
    pooled = (nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.5), nn.Linear(4, 5))
    return nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), *pooled)


def first_axis(path: Path) -> Any:
    return onnx.load(str(path)).graph.input[0].type.tensor_type.shape.dim[0]


def test_a_file_computes_what_the_network_does(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    goal = network()
    found = OnnxExporter().export(goal, IMAGES, tmp_path / "x.onnx")
    assert found.parity_error <= 1e-5 and found.batch_sizes == (2, 4) and goal.training
    assert first_axis(found.path).dim_param
    assert [path.name for path in tmp_path.iterdir()] == ["x.onnx"] and capfd.readouterr() == ("", "")
    fixed = OnnxExporter().export(goal, IMAGES, tmp_path / "x.onnx", any_batch=False)
    assert fixed.batch_sizes == (2,) and first_axis(fixed.path).dim_value == 2


def test_several_inputs_and_outputs(tmp_path: Path) -> None:
    class Two(nn.Module):
        def forward(self, left: Tensor, right: Tensor, bias: float = 0, scale: Any = None) -> dict[str, Any]:
            return {"sum": left + right, "more": (right * 2,)}

    inputs = {"right": np.ones((3, 2), np.float32), "left": np.arange(6, dtype=np.float32).reshape(3, 2)}
    assert OnnxExporter().export(Two(), inputs, tmp_path / "x").parity_error <= 1e-6
    with pytest.raises(ExportError, match="scale: only a network's first arguments"):
        OnnxExporter().export(Two(), {"left": IMAGES, "right": IMAGES, "scale": IMAGES}, tmp_path / "y")


def test_what_the_trace_holds_is_found(tmp_path: Path) -> None:
    class Held(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.flatten(1) * float(x.mean())

    with pytest.raises(ExportError, match="x was not written: its outputs differ from the network's by"):
        OnnxExporter().export(Held(), np.arange(12, dtype=np.float32).reshape(2, 6) ** 2, tmp_path / "x")
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_exported_is_told(tmp_path: Path) -> None:
    class Lost(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.linalg.svd(x)[1]

    with pytest.raises(ExportError, match="Lost cannot be exported to onnx: "):
        OnnxExporter().export(Lost(), np.eye(3, dtype=np.float32), tmp_path / "x")


def test_a_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ExportError, match=r"onnx needs onnxruntime, .*pip install 'prunekit\[onnx\]'"):
        OnnxExporter().export(network(), IMAGES, tmp_path / "x")
