"""Measures latency in a run: with the backend's estimator, on its device, as the yml's ``latency`` block says."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

from prunekit.core.backend import Backend, Network
from prunekit.core.config import StepConfig
from prunekit.core.data.contract import Inputs
from prunekit.core.pipeline.errors import RunError
from prunekit.core.pipeline.reporter import Reporter
from prunekit.core.pipeline.run_files import LatencyFile, read_run_file
from prunekit.core.pipeline.run_folder import write_json
from prunekit.core.pipeline.subject import Subject
from prunekit.core.search.errors import TargetError
from prunekit.core.search.latency import Compare, LatencyMeter, Reference
from prunekit.core.search.reward import LATENCY, LatencyReward, no_latency, reward_class
from prunekit.core.search.settings import LatencySettings, SearchSettings
from prunekit.registry import PrunekitError, Register, RegisterType
from prunekit.registry.errors import described

FILE = "latency.json"


def comparison(backend: Backend, batch: Inputs, settings: LatencySettings) -> Compare:
    """A function that times networks in turns.

    Args:
        backend: The networks' framework.
        batch: What the networks are called with, ``settings.batch_size`` samples.
        settings: Threads, how often.

    Raises:
        RegistryError: The backend has no latency estimator.
    """
    estimator: Any = Register.get(RegisterType.COST_ESTIMATOR, LATENCY, backend.name)()
    device, more = backend.device, settings.model_dump(exclude={"batch_size"})
    return lambda networks: estimator.compare(networks, batch, device, **more)


def refuse_unmeasurable(backend: Backend, step: StepConfig) -> None:
    """Refuse a reward that looks at latency where the backend cannot measure it.

    Raises:
        TargetError: It does.
    """
    assert step.settings is not None
    if problem := no_latency(step.settings.reward_type, backend.name):
        raise TargetError(f"{step.where}: {problem}")


def latency_meter(
    reporter: Reporter, folder: Path, step: StepConfig, original: Subject, smallest: Network
) -> LatencyMeter:
    """Measure original and smallest network, tell both, and return what measures the trials.

    The figures are kept beside the journal: a resumed search goes on with those that it began with.

    Raises:
        TargetError: ``target_latency`` is out of reach.
        RunError: The networks do not run at this batch size, or the figures on disk are damaged.
    """
    settings, device = step.settings, original.backend.device
    assert settings is not None
    timing = settings.latency or LatencySettings()
    compare = comparison(original.backend, original.batch(timing.batch_size), timing)
    path = folder / FILE
    reference = _read(path) if os.path.lexists(path) else None
    if reference is None:
        try:
            reference = Reference.measure(compare, original.network, smallest)
        except PrunekitError:
            raise
        except Exception as problem:  # the network is its author's code, and may know one batch size only
            raise RunError(
                f"{step.where}: latency cannot be measured with a batch of {timing.batch_size}: {described(problem)}"
            ) from problem
        _refuse(reference, settings)
        how = {"device": device, "warmup": timing.warmup, "repeats": timing.repeats}
        write_json(path, {**dataclasses.asdict(reference), **how})
    reporter.say(f"{step.name}: latency on {device}: {reference}; {_aim(settings)}")
    return LatencyMeter(compare, original.network, reference)


def _read(path: Path) -> Reference:
    data = read_run_file(path, LatencyFile)
    return Reference(**{field.name: data[field.name] for field in dataclasses.fields(Reference)})


def _refuse(reference: Reference, settings: SearchSettings) -> None:
    kind = reward_class(settings.reward_type)
    if settings.target_latency is not None and issubclass(kind, LatencyReward):
        reference.refuse(settings.target_latency, kind.two_sided)


def _aim(settings: SearchSettings) -> str:
    return "no target" if settings.target_latency is None else f"target {settings.target_latency:g} ms"
