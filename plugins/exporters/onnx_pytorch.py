"""ONNX from a PyTorch network, by tracing, which needs no package beside onnx."""

from __future__ import annotations

import warnings
from pathlib import Path

import torch
from torch import nn

from prunekit.core.data.contract import Inputs
from prunekit.core.data.nested import leaves
from prunekit.core.pipeline.exporting import Exported, ExportError
from prunekit.plugins.backends.pytorch.forward import call, evaluating, handed_over, to_numpy
from prunekit.plugins.backends.pytorch.module_tree import device_of
from prunekit.plugins.exporters.onnx_file import names_and_axes, need_packages, opset_of, runner
from prunekit.plugins.exporters.parity import Case, batches, named_arrays, write_checked
from prunekit.registry import Register, RegisterType
from prunekit.registry.errors import reason


@Register.register(RegisterType.EXPORTER, name="onnx", backend="pytorch")
class OnnxExporter:
    """ONNX, for onnxruntime and most other runtimes."""

    suffix = ".onnx"

    def export(self, network: nn.Module, inputs: Inputs, path: Path, *, any_batch: bool = True) -> Exported:
        """See `prunekit.core.pipeline.exporting.Exporter`."""
        need_packages()
        found = _cases(network, inputs, any_batch)
        first = found[0]
        outputs, free = names_and_axes(first)
        given = tuple(handed_over(array, device_of(network)) for array in first.arrays.values())

        def write(file: Path) -> int:
            try:
                with evaluating(network), torch.no_grad(), warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # of the tracer: what it got wrong is found by the comparison
                    torch.onnx.export(
                        network, given, str(file), input_names=list(first.arrays), output_names=outputs,
                        dynamic_axes=free if any_batch else None, dynamo=False,
                    )  # fmt: skip
            except Exception as problem:
                raise ExportError(
                    f"{type(network).__name__} cannot be exported to onnx: {reason(problem)}"
                ) from problem
            return opset_of(file)

        return write_checked(path, "onnx", self.suffix, found, write, runner)


def _cases(network: nn.Module, inputs: Inputs, any_batch: bool) -> list[Case]:
    found = []
    with evaluating(network), torch.no_grad():
        for each, size in batches(inputs, any_batch):
            outputs = to_numpy(list(leaves(call(network, each, device_of(network)))))
            found.append(Case(named_arrays(network.forward, each), outputs, size))
    return found
