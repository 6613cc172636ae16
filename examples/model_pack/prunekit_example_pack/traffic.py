"""A priced cost: the memory traffic of a forward, which bounds its speed where a processor waits for memory."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from prunekit import Register, RegisterType
from prunekit.core.cost import Cost, CostModel


@Register.register(RegisterType.COST_ESTIMATOR, name="traffic")
class Traffic:
    """Numbers that one forward of one sample moves: every weight is read once, every activation written and read.

    It follows from how many channels stay, so that it can be a budget: ``budget: "traffic <= 0.5"``.
    """

    def share(self, model: CostModel, counts: NDArray[np.int64]) -> float:
        return _moved(model.estimate(counts)) / _moved(model.full)


def _moved(cost: Cost) -> float:
    return cost.params + 2 * cost.activations
