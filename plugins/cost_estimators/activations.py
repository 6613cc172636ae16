"""Activations: the share that a pruned network keeps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from prunekit.core.cost import CostModel
from prunekit.registry import Register, RegisterType


@Register.register(RegisterType.COST_ESTIMATOR, name="activations")
class Activations:
    """Elements that convolutions, linear layers and matrix products write; they follow memory traffic, and so time."""

    def share(self, model: CostModel, counts: NDArray[np.int64]) -> float:
        """Return kept / all activations for the units kept in each group."""
        return model.estimate(counts).activations / model.full.activations
