"""A pipe step with keys and a section of its own: what rounding the weights would cost."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from prunekit import Register, RegisterType
from prunekit.core.config import StepConfig
from prunekit.core.pipeline.context import RunContext
from prunekit.core.pipeline.description import save_network
from prunekit.core.pipeline.errors import RunError
from prunekit.core.pipeline.reports import record, tested_figures, write_step


@dataclass(frozen=True)
class Scheme:
    """What is rounded.

    Attributes:
        leave: Patterns of weights that stay as they are: ``head.*``.
    """

    leave: tuple[str, ...] = ()


@Register.register(RegisterType.PIPE_STEP)
class QuantizePipeStep:
    """Rounds weights of an earlier step's networks to so many bits, one scale to an output channel, and tests them.

    Files keep floating-point numbers: this says what an integer runtime would lose, and is none.

    Args:
        bits: Of a weight.
        scheme: What is rounded.
    """

    needs = frozenset({"dataset"})
    allows = frozenset({"scheme"})  # a section that prunekit does not know, and so a parameter of the constructor
    late = frozenset({"dataset.test"})

    def __init__(self, bits: Annotated[int, Field(ge=2, le=16)] = 8, scheme: Scheme = Scheme()) -> None:
        self._bits, self._leave = bits, scheme.leave

    def run(self, context: RunContext, step: StepConfig) -> list[dict[str, Any]]:
        folder = step.models_folder or context.folder.output / str(step.models_from)
        paths = sorted(path for path in folder.glob("desc_*.json") if path.stem != "desc_original")
        if not paths:
            raise RunError(f"{step.where}: no desc_*.json of a network in {folder}")
        rows = [self._quantized(context, step, path) for path in paths]
        write_step(context.folder.step(step.name), rows)
        return rows

    def _quantized(self, context: RunContext, step: StepConfig, path: Path) -> dict[str, Any]:
        subject, number = context.subjects.of_file(path, step), path.stem[len("desc_") :]
        arrays = context.backend.state_arrays(subject.network)
        changed = {name: self._rounded(value) for name, value in arrays.items() if self._is_rounded(name, value)}
        network = context.backend.with_state(subject.network, changed)
        tested = context.measure(network, context.data.batches(step.dataset.test, "test"), step.metric)
        cost = subject.cost()
        figures = {"macs": int(cost.macs), "params": int(cost.params), "bits": self._bits}
        files = save_network(context.backend, context.folder.step(step.name), number, network, subject.description)
        return record(step.name, number, files, {**tested_figures(step.metric, tested), **figures}, step.metric)

    def _is_rounded(self, name: str, value: np.ndarray) -> bool:
        return value.ndim > 1 and value.dtype.kind == "f" and not any(fnmatch(name, each) for each in self._leave)

    def _rounded(self, weight: np.ndarray) -> np.ndarray:
        largest = np.abs(weight).max(axis=tuple(range(1, weight.ndim)), keepdims=True)
        scale = np.where(largest > 0, largest, 1) / (2 ** (self._bits - 1) - 1)
        return np.round(weight / scale) * scale
