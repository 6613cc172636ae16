"""Measures costs in a run: with the backend's estimators, on its device, as the yml's ``costs`` say."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from prunekit.core.backend import Backend, Network
from prunekit.core.config import ComponentSpec, StepConfig
from prunekit.core.cost.measuring import Compare, CostMeter, Reference
from prunekit.core.data.contract import Inputs
from prunekit.core.pipeline.components import make_component
from prunekit.core.pipeline.errors import RunError
from prunekit.core.pipeline.reporter import Reporter
from prunekit.core.pipeline.run_files import ReferenceFile, read_run_file
from prunekit.core.pipeline.run_folder import write_json
from prunekit.core.pipeline.subject import Subject
from prunekit.core.search.errors import TargetError
from prunekit.core.search.reward import Target
from prunekit.registry import PrunekitError
from prunekit.registry.errors import described


@dataclasses.dataclass(frozen=True)
class Measuring:
    """How one cost of networks is measured.

    Attributes:
        cost: Its name.
        unit: Of its values.
        batch_size: Samples that the networks are called with.
        compare: Measures networks in turns.
    """

    cost: str
    unit: str
    batch_size: int
    compare: Compare

    @classmethod
    def of(cls, spec: ComponentSpec, backend: Backend, batch: Callable[[int], Inputs]) -> Measuring:
        """By a registered estimator, with the batch that is made for its number of samples.

        Raises:
            PrunekitError: There is none for the backend, or it cannot be made.
        """
        estimator: Any = make_component(spec, backend.name)
        inputs, device = batch(estimator.batch_size), backend.device

        def compare(networks: Mapping[str, Network]) -> Any:
            return estimator.compare(networks, inputs, device)

        return cls(spec.name, estimator.unit, estimator.batch_size, compare)


def cost_meters(
    reporter: Reporter, folder: Path, step: StepConfig, original: Subject, smallest: Network, target: Target | None
) -> list[CostMeter]:
    """Measure original and smallest network, tell both, and return what measures the trials, for each measured cost.

    The figures are kept beside the journal: a resumed search goes on with those that it began with.

    Raises:
        TargetError: The target is out of reach.
        RunError: The networks do not run at this batch size, or the figures on disk are damaged.
    """
    assert step.objective is not None
    found = []
    for spec in step.objective.measured.values():
        how = Measuring.of(spec, original.backend, original.batch)
        aim = target if target is not None and target.cost == spec.name else None
        reference = _reference(folder / f"{spec.name}.json", step, spec, how, original, smallest, aim)
        told = "no target" if aim is None else f"target {reference.shown(aim.value)}"
        reporter.say(f"{step.name}: {spec.name} on {original.backend.device}: {reference}; {told}")
        found.append(CostMeter(how.compare, original.network, reference))
    return found


def _reference(
    path: Path,
    step: StepConfig,
    spec: ComponentSpec,
    how: Measuring,
    original: Subject,
    smallest: Network,
    target: Target | None,
) -> Reference:
    if os.path.lexists(path):
        data = read_run_file(path, ReferenceFile)
        return Reference(**{field.name: data[field.name] for field in dataclasses.fields(Reference)})
    try:
        reference = Reference.measure(spec.name, how.unit, how.compare, original.network, smallest)
    except PrunekitError:
        raise
    except Exception as problem:  # the network is its author's code, and may know one batch size only
        raise RunError(
            f"{step.where}: {spec.name} cannot be measured with a batch of {how.batch_size}: {described(problem)}"
        ) from problem
    if target is not None:
        _refuse(reference, target)
    settings = {**spec.defaults, **spec.params}
    write_json(path, {**dataclasses.asdict(reference), "device": original.backend.device, "settings": settings})
    return reference


def _refuse(reference: Reference, target: Target) -> None:
    """Refuse a target that no network within the bounds has by more than the spread.

    Raises:
        TargetError: It is out of reach.
    """
    aim = f"{target.parameter} {target.value:g} {reference.unit} is out of reach: {reference}"
    if target.value < reference.smallest - reference.smallest_spread:
        raise TargetError(f"{aim}. Raise it, or lower the lower bounds or skip fewer modules")
    if target.two_sided and target.value > reference.original + reference.original_spread:
        raise TargetError(f"{aim}, and pruning makes no network dearer. Lower it")
