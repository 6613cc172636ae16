"""What a ``pruning`` section asks of the backend beyond what every backend can do."""

from __future__ import annotations

from prunekit.core.config.config_classes import PruningConfig
from prunekit.core.config.node import Node
from prunekit.core.config.problems import Findings
from prunekit.registry import Register, RegisterType, RegistryError

_LACKING = {
    "recalibrate": "cannot take normalization statistics anew",
    "observe": "cannot take the second moments of what layers read",
    "float64": "cannot compute in float64",
}
_ASKED_BY_OPTION = {"recalibrate": "recalibrate", "compensate": "observe"}


def check_abilities(pruning: PruningConfig, block: Node, backend: str, findings: Findings) -> None:
    """Record a problem for each ability that the section asks for and the backend's ``supports`` does not list.

    Args:
        pruning: The section as it was read; what it asks for by default counts too.
        block: The section in the yml.
        backend: The backend's name.
        findings: Takes the problems.
    """
    try:
        supports = _listed(Register.get(RegisterType.BACKEND, backend), "supports")
    except RegistryError as error:
        findings.problem(block, str(error))
        return
    for option, ability in _ASKED_BY_OPTION.items():
        if getattr(pruning, option) and ability not in supports:
            text = f"backend {backend!r} {_LACKING[ability]}; set pruning.{option}: False"
            findings.problem(block.get_or_empty(option), text)
    importance = Register.get(RegisterType.IMPORTANCE, pruning.importance.name, backend)
    for ability in sorted(_listed(importance, "needs") - supports):
        lacking = _LACKING.get(ability, f"does not support {ability!r}")
        text = f"backend {backend!r} {lacking}, which {pruning.importance.name!r} needs; choose another importance"
        findings.problem(block.get_or_empty("importance"), text)


def _listed(component: type, attribute: str) -> frozenset[str]:
    """The abilities that a class lists in an attribute; none where it has no such attribute."""
    return frozenset(getattr(component, attribute, ()))
