"""ONNX files, whoever has written them: checked by onnx, run by onnxruntime on the CPU."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from prunekit.core.pipeline.exporting import ExportError
from prunekit.plugins.exporters.parity import Case, has_batch_axis
from prunekit.registry.errors import described, reason


def need_packages() -> None:
    """Refuse to begin without what the check needs.

    Raises:
        ExportError: A package is missing.
    """
    for name in ("onnx", "onnxruntime"):
        try:
            import_module(name)
        except ImportError as problem:
            raise ExportError(
                f"onnx needs {name}, which cannot be imported ({reason(problem)}): pip install 'prunekit[onnx]'"
            ) from problem


def names_and_axes(case: Case) -> tuple[list[str], dict[str, dict[int, str]]]:
    """Names for the outputs, and which axes of inputs and outputs count the samples."""
    outputs = [f"output_{number}" if number else "output" for number in range(len(case.outputs))]
    named = {**case.arrays, **dict(zip(outputs, case.outputs, strict=True))}
    return outputs, {name: {0: "batch"} for name, array in named.items() if has_batch_axis(array, case.size)}


def name_axes(path: Path, axes: Mapping[str, Mapping[int, str]]) -> None:
    """Let a file say which axes of its outputs have any size, where its exporter has declared the one that it saw."""
    import onnx

    model = onnx.load(str(path))
    for output in model.graph.output:
        for axis, name in axes.get(output.name, {}).items():
            if axis < len(output.type.tensor_type.shape.dim):
                output.type.tensor_type.shape.dim[axis].dim_param = name
    onnx.save(model, str(path))


def opset_of(path: Path) -> int:
    """Check a file and return the version of its operators.

    Raises:
        ExportError: It is no valid ONNX.
    """
    import onnx

    model = onnx.load(str(path))
    try:
        onnx.checker.check_model(model, full_check=True)
    except Exception as problem:
        raise ExportError(f"what was written is no valid ONNX: {described(problem)}") from problem
    return next(int(each.version) for each in model.opset_import if each.domain in ("", "ai.onnx"))


def runner(path: Path) -> Callable[[Mapping[str, NDArray[Any]]], Sequence[NDArray[Any]]]:
    """What runs a file; inputs that no output depends on may be missing from it."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
    names = [each.name for each in session.get_inputs()]
    return lambda arrays: session.run(None, {name: arrays[name] for name in names})
