"""Groups by what people call their layers: a mid, a module, a pattern of modules."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from prunekit.core.graph.structure import ChannelStructure, Group, Layer
from prunekit.core.pruning.errors import PlanError
from prunekit.registry import did_you_mean


def named_groups(graph: ChannelStructure, name: int | str) -> Sequence[Group]:
    """The groups that the output channels of layers belong to.

    Args:
        graph: What can go.
        name: A mid, the name of a module, or a pattern of names; a module's own name is no pattern.

    Raises:
        PlanError: There is no such layer, or none of them can be pruned.
    """
    layers = _layers(graph, name)
    found = {group.id: group for group in map(graph.group_of, [layer.mid for layer in layers]) if group is not None}
    if not found:
        first = layers[0]
        reasons = ", ".join(reason for reason, _ in first.protected)
        which = f" and {len(layers) - 1} more" if len(layers) > 1 else ""
        told = f"mid {first.mid} ({first.name})" if isinstance(name, int) else f"{name!r} (mid {first.mid}{which})"
        raise PlanError(f"{told} cannot be pruned: {reasons}")
    return list(found.values())


def called(*names: int | str) -> str:
    """What layers or patterns are called in a message."""
    if len(names) > 1 and not any(isinstance(name, str) for name in names):
        return f"mids {' and '.join(map(str, names))}"
    return " and ".join(repr(name) if isinstance(name, str) else f"mid {name}" for name in names)


def _layers(graph: ChannelStructure, name: int | str) -> list[Layer]:
    if not isinstance(name, str):
        if not 0 <= name < len(graph.numbered):
            raise PlanError(f"no mid {name}; there are 0 to {len(graph.numbered) - 1}")
        return [graph.numbered[name]]
    names = [layer.name for layer in graph.numbered]
    found = [layer for layer in graph.numbered if layer.name == name]
    found = found or [layer for layer in graph.numbered if fnmatchcase(layer.name, name)]
    if not found:
        raise PlanError(f"no layer is called {name!r} or fits it as a pattern.{_hint(name, names)}")
    return found


def _hint(name: str, names: Sequence[str]) -> str:
    if any(each.startswith(f"{name}.") for each in names):
        return f" Say {name + '.*'!r} for all layers in it."
    some = ", ".join([*names[:10], *(["..."] if len(names) > 10 else [])])
    return did_you_mean(name, names) or f" There are {some}"
