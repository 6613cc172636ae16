"""The protocol of importance criteria: what one is given, and what it returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import NDArray

from prunekit.core.graph.structure import ChannelStructure
from prunekit.core.pruning.moments import Moments
from prunekit.core.pruning.ranking import Ranking


@dataclass(frozen=True)
class ImportanceInputs:
    """All that is known of a network before anything is pruned.

    Attributes:
        graph: Its channel graph.
        moments: What its layers read, over the calibration images.
        state: Its parameters and buffers.
        seed: Seed of the search.
    """

    graph: ChannelStructure
    moments: Moments
    state: Mapping[str, NDArray[Any]]
    seed: int


class Importance(Protocol):
    """A criterion by which units go; register it as ``RegisterType.IMPORTANCE``.

    A criterion that looks at the moments says so by a class attribute, ``needs = frozenset({"observe"})``: what a
    backend has to list in ``supports``. A yml whose backend does not is refused when it is read.
    """

    def rank(self, inputs: ImportanceInputs) -> dict[int, Ranking]:
        """For each group id of the graph, the order in which its units go and the error that each step leaves."""
        ...
