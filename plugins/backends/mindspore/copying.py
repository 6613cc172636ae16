"""Copies of a network."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from mindspore import nn
from mindspore.ops.primitive import Primitive

from prunekit.core.recording.uncopyable import deep_copied


def copied(network: nn.Cell, parts: Mapping[int, Any] | None = None) -> nn.Cell:
    """A deep copy of a network.

    Primitives that MindSpore cannot copy are shared: they hold what they were made with, and nobody changes that.

    Args:
        network: Left as it is.
        parts: By the id of something that the network holds, what the copy has in its place.
    """
    known = dict(parts or {})
    for _, cell in network.cells_and_names():
        for held in vars(cell).values():
            if isinstance(held, Primitive) and id(held) not in known:
                known[id(held)] = _copied(held)
    small: nn.Cell = deep_copied(network, [cell for _, cell in network.cells_and_names()], known)
    return small


def _copied(primitive: Primitive) -> Primitive:
    try:
        return copy.deepcopy(primitive)
    except TypeError:  # it is made once more for that, with arguments that some do not note
        return primitive
