"""The channel graph as users hold it: a network's structure, with a table to look at."""

from __future__ import annotations

import dataclasses

from prunekit.core.graph.structure import ChannelStructure
from prunekit.core.report.table import as_text, summary


class ChannelGraph(ChannelStructure):
    """What a network's structure allows: which channels can go, which go together, what stays and why."""

    @classmethod
    def of(cls, structure: ChannelStructure) -> ChannelGraph:
        """The graph with the content of a structure."""
        return cls(**{field.name: getattr(structure, field.name) for field in dataclasses.fields(structure)})

    def __repr__(self) -> str:
        return f"<ChannelGraph: {summary(self)}>"

    def table(self, activations: bool = False) -> str:
        """Mid, module, group, channels, share of cost, what is protected and why; then the reachable cost.

        Args:
            activations: Whether the elements that each layer writes are shown too.
        """
        return as_text(self, activations)
