"""ONNX files from MindSpore networks take any number of samples, or as many as asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mindspore_network import IMAGES, Small

from prunekit.plugins.exporters.onnx_mindspore import OnnxExporter

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pytestmark = pytest.mark.usefixtures("clean")


def test_onnx_takes_any_number_of_samples_or_one(tmp_path: Path) -> None:
    def axes(path: Path) -> list[Any]:
        graph = onnx.load(str(path)).graph
        return [each.type.tensor_type.shape.dim[0] for each in (*graph.input, *graph.output)]

    exporter = OnnxExporter()
    found = exporter.export(Small(), IMAGES, tmp_path / "any.onnx")
    assert all(axis.dim_param for axis in axes(found.path)) and found.opset is not None and found.opset >= 11
    found = exporter.export(Small(), IMAGES, tmp_path / "two.onnx", any_batch=False)
    assert [axis.dim_value for axis in axes(found.path)] == [2, 2] and found.batch_sizes == (2,)
