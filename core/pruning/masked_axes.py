"""What a plan leaves out of the whole network's operators."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from prunekit.core.graph.attributes import Attributes
from prunekit.core.graph.structure import ChannelStructure, staying
from prunekit.core.pruning.call_places import Call
from prunekit.core.pruning.plan import PrunePlan


class MaskedAxis(NamedTuple):
    """An axis of an operator's operand of which only some positions may take part.

    Attributes:
        number: Position in ``graph.masks``.
        axis: The axis.
        stays: Whether each position takes part.
        attributes: Those of the operator.
    """

    number: int
    axis: int
    stays: NDArray[np.bool_]
    attributes: Attributes


class MaskedAxes(NamedTuple):
    """All that a plan leaves something out of.

    Attributes:
        calls: Axes of operators, by call.
        modules: Axes of modules that count as one operator, with the module's name.
    """

    calls: dict[Call, list[MaskedAxis]]
    modules: list[tuple[str, MaskedAxis]]

    @classmethod
    def of(cls, graph: ChannelStructure, plan: PrunePlan) -> MaskedAxes:
        """What the plan leaves something out of."""
        keep, found = plan.flags(graph), cls({}, [])
        for number, mask in enumerate(graph.masks):
            operator, stays = graph.operators.operators[mask.operator], staying(mask.units, keep)
            masked = MaskedAxis(number, mask.axis, stays, operator.attributes)
            if stays.all():
                continue
            if operator.call < 0:
                found.modules.append((operator.module, masked))
            else:
                found.calls.setdefault((operator.name, operator.call), []).append(masked)
        return found
