"""What a component of each kind has to have: where its protocol stands, and how it is printed."""

from __future__ import annotations

import inspect
from importlib import import_module

from prunekit.registry import RegisterType

_CORE = "prunekit.core"
PROTOCOLS: dict[RegisterType, tuple[str, ...]] = {
    RegisterType.BACKEND: ("backend:Backend",),
    RegisterType.COST_ESTIMATOR: (
        "cost.estimators:PricedCost", "cost.estimators:MeasuredCost", "cost.counting:OperatorCounter",
    ),
    RegisterType.DATASET: (
        "data.contract:Dataset", "data.contract:Collating", "data.contract:Augmenting",
        "data.contract:AugmentedLoading", "data.contract:NamingSamples",
    ),
    RegisterType.EXECUTOR: ("search.executor:Executor",),
    RegisterType.EXPORTER: ("pipeline.exporting:Exporter",),
    RegisterType.IMPORTANCE: ("pruning.importance:Importance",),
    RegisterType.METRIC: ("metric:Metric",),
    RegisterType.NETWORK: ("networks:TrainedByOwnLoss", "networks:TrainedInside", "networks:Decoding"),
    RegisterType.PIPE_STEP: ("pipeline.context:PipeStep",),
    RegisterType.REWARD: ("search.reward:Reward",),
    RegisterType.SEARCH_ALGORITHM: ("search.algorithm:SearchAlgorithm",),
    RegisterType.TRAINER: ("training:Trainer",),
}  # fmt: skip
"""For each kind the classes that say what its components have, or, of networks, the frameworks' own, may have."""
_SPECIAL = ("__call__", "__len__", "__getitem__")


def protocol_lines(kind: RegisterType) -> list[str]:
    """The protocols of a kind as people read them: what each is for, and its methods."""
    lines: list[str] = []
    for target in PROTOCOLS.get(kind, ()):
        module, _, name = target.partition(":")
        found = getattr(import_module(f"{_CORE}.{module}"), name)
        lines += [*([""] if lines else []), f"{name}  ({_CORE}.{module})", "", *_indented(found)]
        for attribute, method in vars(found).items():
            if inspect.isfunction(method) and (not attribute.startswith("_") or attribute in _SPECIAL):
                lines += ["", f"  {attribute}{inspect.signature(method)}", *_indented(method, 4)]
    return lines


def _indented(described: object, depth: int = 2) -> list[str]:
    text = inspect.cleandoc(getattr(described, "__doc__", None) or "")
    return [f"{' ' * depth}{line}".rstrip() for line in text.splitlines()]
