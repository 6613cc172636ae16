"""An exporter: a file of torch.export, which PyTorch runs without the network's code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from prunekit import Register, RegisterType
from prunekit.core.backend import outputs_as_arrays
from prunekit.core.backend_factory import backend_for
from prunekit.core.data.contract import Inputs
from prunekit.core.data.nested import leaves
from prunekit.core.pipeline.exporting import Exported, ExportError
from prunekit.plugins.backends.pytorch.forward import evaluating
from prunekit.plugins.exporters.parity import Case, batches, has_batch_axis, named_arrays, write_checked


@Register.register(RegisterType.EXPORTER, name="pt2", backend="pytorch")
class Pt2Exporter:
    """``torch.export.load("model_0.pt2").module()`` computes what the network does."""

    suffix = ".pt2"

    def export(self, network: torch.nn.Module, inputs: Inputs, path: Path, *, any_batch: bool = True) -> Exported:
        cases, run = [], backend_for(network).run
        for each, size in batches(inputs, any_batch):  # the second, if any, has twice as many samples
            ((outputs, _),) = run(network, [(each, None)])
            cases.append(Case(named_arrays(network.forward, each), outputs_as_arrays(outputs), size))
        seen = cases[-1]  # where it sees one sample, torch.export concludes that there always is one

        def write(file: Path) -> None:
            free = tuple(
                {0: torch.export.Dim.AUTO} if any_batch and has_batch_axis(array, seen.size) else None
                for array in seen.arrays.values()
            )
            try:
                with evaluating(network), torch.no_grad():
                    program = torch.export.export(network, _tensors(seen.arrays), dynamic_shapes=free)
                    torch.export.save(program, file)
            except Exception as problem:
                raise ExportError(f"{type(network).__name__} cannot be exported to pt2: {problem}") from problem

        return write_checked(path, "pt2", self.suffix, cases, write, _runner)  # loads it again and compares


def _runner(file: Path) -> Callable[[Mapping[str, Any]], list[Any]]:
    module = torch.export.load(file).module()
    return lambda arrays: [tensor.detach().cpu().numpy() for tensor in leaves(module(*_tensors(arrays)))]


def _tensors(arrays: Mapping[str, Any]) -> tuple[torch.Tensor, ...]:
    return tuple(torch.as_tensor(array) for array in arrays.values())
