"""MACs: the share that a pruned network keeps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from prunekit.core.cost import CostModel
from prunekit.registry import Register, RegisterType


@Register.register(RegisterType.COST_ESTIMATOR, name="flops", aliases=("macs",))
class Flops:
    """MACs of convolutions, linear layers and matrix products; "flops" is what the field's yml files call them."""

    def share(self, model: CostModel, counts: NDArray[np.int64]) -> float:
        """Return kept / all MACs for the units kept in each group."""
        return model.estimate(counts).macs / model.full.macs
