"""Chooses the metric that a step judges networks by."""

from __future__ import annotations

from typing import Any

from prunekit.core.config.component_reader import ComponentSpec
from prunekit.core.config.config_classes import DatasetConfig, ModelConfig
from prunekit.core.config.node import Node
from prunekit.core.config.problems import Findings
from prunekit.core.metric import DEFAULT_METRIC
from prunekit.registry import Register, RegisterType, RegistryError


def choose_metric(
    named: str | None,
    model: ModelConfig | None,
    dataset: DatasetConfig | None,
    backend: str,
    node: Node,
    findings: Findings,
) -> str | None:
    """The metric that the yml names, else the network's own, else the dataset's own, else accuracy.

    Args:
        named: The metric that the yml, or the step before, names.
        model: The step's network; its class may say ``metric = "mIoU"``.
        dataset: The step's data; its class may say so too, and what its targets are: ``targets = "masks"``.
        backend: The backend's name.
        node: Where a problem is told.
        findings: Takes a problem where the metric is unknown, or judges other targets than the dataset gives.
    """
    network = _component(model.network, backend) if model is not None and model.network is not None else None
    data = _component(dataset.train.dataset, backend) if dataset is not None else None
    name = named or _said(network, "metric") or _said(data, "metric") or DEFAULT_METRIC
    try:
        metric = Register.get(RegisterType.METRIC, name, backend)
    except RegistryError as problem:
        findings.problem(node, str(problem))
        return None
    judges, targets = _said(metric, "judges"), _said(data, "targets")
    if judges and targets and judges != targets and dataset is not None:
        others = _metrics_of(targets, backend)
        findings.problem(
            node,
            f"metric {name!r} judges {judges}, but the targets of {dataset.train.dataset.name} are {targets}"
            + (f"; choose {others}" if others else ""),
        )
    return name


def _component(spec: ComponentSpec, backend: str) -> Any:
    try:
        return Register.get(spec.kind, spec.name, backend)
    except RegistryError:  # told where the block was read
        return None


def _said(component: Any, attribute: str) -> str | None:
    """What a class says in an attribute, where that is a text."""
    found = getattr(component, attribute, None) if isinstance(component, type) else None
    return found if isinstance(found, str) else None


def _metrics_of(targets: str, backend: str) -> str:
    """The names of the metrics that judge such targets, for messages."""
    names = []
    for name in dict.fromkeys(entry.name for entry in Register.entries(RegisterType.METRIC)):  # some for each backend
        try:
            judges = _said(Register.get(RegisterType.METRIC, name, backend), "judges")
        except RegistryError:  # a broken pack's metric is nothing to recommend
            continue
        names += [name] if judges == targets else []
    return " or ".join(names)
