"""Parameters: the share that a pruned network keeps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from prunekit.core.cost import CostModel
from prunekit.registry import Register, RegisterType


@Register.register(RegisterType.COST_ESTIMATOR, name="params")
class Params:
    """Number of parameters."""

    def share(self, model: CostModel, counts: NDArray[np.int64]) -> float:
        """Return kept / all parameters for the units kept in each group."""
        return model.estimate(counts).params / model.full.params
