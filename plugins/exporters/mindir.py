"""MindIR, which MindSpore Lite and MindSpore Serving read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from prunekit.core.data.contract import Inputs
from prunekit.core.pipeline.exporting import Exported
from prunekit.plugins.backends.mindspore import process_setup  # noqa: F401 - before MindSpore
from prunekit.plugins.backends.mindspore.copying import copied
from prunekit.plugins.backends.mindspore.forward import as_array, evaluating, tensors_in
from prunekit.plugins.exporters.mindspore_graph import cases, compiling
from prunekit.plugins.exporters.parity import has_batch_axis, write_checked
from prunekit.registry import Register, RegisterType

import mindspore  # isort: skip
from mindspore import Tensor, nn  # isort: skip


@Register.register(RegisterType.EXPORTER, name="mindir", backend="mindspore")
class MindirExporter:
    """MindIR: the compiled graph with its weights."""

    suffix = ".mindir"

    def export(self, network: nn.Cell, inputs: Inputs, path: Path, *, any_batch: bool = True) -> Exported:
        """See `prunekit.core.pipeline.exporting.Exporter`."""
        found = cases(network, inputs, any_batch)
        first = found[0]

        def write(file: Path) -> None:
            given = [_given(array, any_batch and has_batch_axis(array, first.size)) for array in first.arrays.values()]
            with compiling(network, "mindir"), evaluating(copied(network)) as whole:
                # a copy: what was compiled before for the same cell would be used again, whatever its weights are now
                mindspore.export(whole, *given, file_name=str(file), file_format="MINDIR")

        return write_checked(path, "mindir", self.suffix, found, write, _runner)


def _given(array: NDArray[Any], any_batch: bool) -> Tensor:
    tensor = Tensor(array)
    return Tensor(shape=[None, *array.shape[1:]], dtype=tensor.dtype) if any_batch else tensor


def _runner(file: Path) -> Callable[[Mapping[str, NDArray[Any]]], Sequence[NDArray[Any]]]:
    graph = nn.GraphCell(mindspore.load(str(file)))

    def run(arrays: Mapping[str, NDArray[Any]]) -> Sequence[NDArray[Any]]:
        return [as_array(tensor) for tensor in tensors_in(graph(*map(Tensor, arrays.values())))]

    return run
