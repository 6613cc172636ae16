"""Which of a network's outputs matter: those that the user names, by their paths (``0``, ``logits``, ``aux.0``)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from prunekit.core.graph.operators import OperatorGraph
from prunekit.registry import PrunekitError, did_you_mean


class OutputError(PrunekitError, ValueError):
    """An output is named that the network does not return; the message says which it does."""


def with_outputs(graph: OperatorGraph, names: Iterable[str | int]) -> OperatorGraph:
    """A recorded forward of which only some outputs matter: the others keep no channels.

    Of a training forward all outputs matter but those of the name of one that does not.

    Args:
        graph: The recorded forward.
        names: Paths of outputs; that of a list or dict among them stands for all that is in it.

    Raises:
        OutputError: There is no such output, or none is named.
    """
    asked = (str(names),) if isinstance(names, (str, int)) else tuple(str(name) for name in names)
    there = graph.output_names[: graph.returned]
    if not asked:
        raise OutputError(f"outputs: name at least one; the network returns {', '.join(there)}")
    for name in asked:
        if not any(is_named((name,), path) for path in there):
            raise OutputError(
                f"outputs: the network returns no {name!r}, but {', '.join(there)}.{did_you_mean(name, there)}"
            )
    left_out = {path for path in there if not is_named(asked, path)}
    kept = [k for k, path in enumerate(graph.output_names) if path not in left_out]
    return replace(
        graph, outputs=[graph.outputs[k] for k in kept], output_names=[graph.output_names[k] for k in kept],
        returned=len(there) - len(left_out), asked=asked,
    )  # fmt: skip


def is_named(asked: Iterable[str], path: str) -> bool:
    """Whether an output is one of those that are asked for, or in one of them."""
    return any(path == name or path.startswith(f"{name}.") for name in asked)
