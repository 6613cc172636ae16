"""Files of both formats compute what the network does, and what cannot be exported is told in a line or two."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import mindspore
import numpy as np
import pytest
from mindspore import Tensor, nn, ops
from mindspore_network import IMAGES, Small

from prunekit.core.pipeline.exporting import ExportError
from prunekit.plugins.exporters.mindir import MindirExporter
from prunekit.plugins.exporters.onnx_mindspore import OnnxExporter

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pytestmark = pytest.mark.usefixtures("clean")
FORMATS = {"mindir": MindirExporter, "onnx": OnnxExporter}


class Added(Small):
    def finish(self, x: Tensor, y: Tensor) -> Tensor:
        y += ops.relu(y)
        return self.head(y.mean((2, 3)))


class Undecided(Small):
    def finish(self, x: Tensor, y: Tensor) -> Tensor:
        if y.sum() > 0:
            y = y * 2
        return self.head(y.mean((2, 3)))


class Sized(Small):
    def finish(self, x: Tensor, y: Tensor) -> Tensor:
        halves = ops.relu(y.mean((2, 3)).reshape(x.shape[0] * 2, 2))
        return self.head(halves.reshape(x.shape[0], 4))


class Rare(Small):
    def finish(self, x: Tensor, y: Tensor) -> Tensor:
        return ops.erfinv(ops.tanh(y) * 0.5)


class Uncompilable(Small):
    def finish(self, x: Tensor, y: Tensor) -> Tensor:
        return Tensor(y.asnumpy() * 2)


class Two(nn.Cell):
    def construct(self, left: Tensor, right: Tensor) -> Any:
        return left + right, (right * 2,)


class Named(nn.Cell):
    def construct(self, x: Tensor) -> Any:
        return {"mean": x.mean((1, 2, 3)), "more": [x * 2]}


@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_computes_what_the_network_does(tmp_path: Path, kind: str) -> None:
    network, path = Small().set_train(True), tmp_path / f"small.{kind}"
    mode = mindspore.get_context("mode")
    found = FORMATS[kind]().export(network, IMAGES, path)
    assert (found.path, found.format, found.batch_sizes) == (path, kind, (2, 4)) and path.stat().st_size > 0
    assert found.parity_error <= 1e-5 and network.dropout.training and mindspore.get_context("mode") == mode
    network.head.weight.set_data(network.head.weight * 3)  # compiled again, with the weights of now
    assert FORMATS[kind]().export(network, IMAGES, path).parity_error <= 1e-5
    assert os.listdir(tmp_path) == ["here", path.name] or os.listdir(tmp_path) == [path.name, "here"]


@pytest.mark.parametrize("kind", FORMATS)
def test_several_inputs_and_outputs(tmp_path: Path, kind: str) -> None:
    inputs = {"right": np.ones((3, 2), np.float32), "left": np.arange(6, dtype=np.float32).reshape(3, 2)}
    found = FORMATS[kind]().export(Two(), inputs, tmp_path / "two")
    assert found.parity_error <= 1e-6
    if kind == "mindir":
        assert FORMATS[kind]().export(Named(), IMAGES, tmp_path / "named").parity_error <= 1e-6
    else:
        with pytest.raises(ExportError, match="operator PyExecute; that is Python, such as a dict: let construct give"):
            FORMATS[kind]().export(Named(), IMAGES, tmp_path / "named")
    with pytest.raises(ExportError, match=r"input left is a list; only arrays"):
        FORMATS[kind]().export(Two(), ([IMAGES], IMAGES), tmp_path / "list")


@pytest.mark.parametrize(
    ("network", "kind", "told"),
    [
        (
            Added,
            "onnx",
            r"does not know the operator (InplaceAddExt|TensorMove); write out = out \+ x in place",
        ),
        (Undecided, "onnx", "an if or a loop over values of a tensor is a likely reason"),
        (Rare, "onnx", "does not know the operator Erfinv; write another operator in its place, or export to mindir"),
        (Sized, "onnx", "a batch of 4: .*a shape in the network holds the number of samples"),
        (Uncompilable, "mindir", r"MindSpore cannot compile it \(.*test_mindspore_graph.py:\d+\): .*asnumpy"),
    ],
)
def test_what_cannot_be_exported_is_told(tmp_path: Path, network: type[Small], kind: str, told: str) -> None:
    with pytest.raises(ExportError, match=told) as caught:
        FORMATS[kind]().export(network(), IMAGES, tmp_path / "x")
    assert "C++" not in str(caught.value) and len(str(caught.value).splitlines()) <= 2
    assert not (tmp_path / "x").exists()
