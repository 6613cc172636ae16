"""ONNX from a MindSpore network, by MindSpore's own exporter."""

from __future__ import annotations

from pathlib import Path

from prunekit.core.data.contract import Inputs
from prunekit.core.pipeline.exporting import Exported
from prunekit.plugins.backends.mindspore import process_setup  # noqa: F401 - before MindSpore
from prunekit.plugins.backends.mindspore.copying import copied
from prunekit.plugins.backends.mindspore.forward import evaluating
from prunekit.plugins.exporters.mindspore_graph import cases, compiling
from prunekit.plugins.exporters.onnx_file import name_axes, names_and_axes, need_packages, opset_of, runner
from prunekit.plugins.exporters.parity import write_checked
from prunekit.registry import Register, RegisterType

import mindspore  # isort: skip
from mindspore import Tensor, nn  # isort: skip


@Register.register(RegisterType.EXPORTER, name="onnx", backend="mindspore")
class OnnxExporter:
    """ONNX, for onnxruntime and most other runtimes."""

    suffix = ".onnx"

    def export(self, network: nn.Cell, inputs: Inputs, path: Path, *, any_batch: bool = True) -> Exported:
        """See `prunekit.core.pipeline.exporting.Exporter`."""
        need_packages()
        found = cases(network, inputs, any_batch)
        first = found[0]
        outputs, free = names_and_axes(first)

        def write(file: Path) -> int:
            with compiling(network, "onnx"), evaluating(copied(network)) as whole:
                # a copy: what was compiled before for the same cell would be used again, whatever its weights are now
                mindspore.onnx.export(
                    whole, *map(Tensor, first.arrays.values()), file_name=str(file), input_names=list(first.arrays),
                    output_names=outputs, dynamic_axes=free if any_batch else None,
                )  # fmt: skip
            if any_batch:
                name_axes(file, free)
            return opset_of(file)

        return write_checked(path, "onnx", self.suffix, found, write, runner)
