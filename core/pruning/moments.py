"""Second moments of what layers read, gathered in one pass over calibration data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prunekit.core.data.contract import DataError


@dataclass(frozen=True)
class Moments:
    """For each reader (by the name of its weight) the second moments of its input channels.

    Attributes:
        matrices: ``[groups, C + 1, C + 1]`` in float64: the mean of x x^T over images and positions, where x is
            the channels that one group of the layer reads, followed by a constant 1.
        samples: How many independent samples each of them is worth; see `prunekit.core.pruning.covariance_shrinkage`.
        weights: What layers apply whose weight the network computes, laid out as the parameter that it comes from.
    """

    matrices: Mapping[str, NDArray[np.float64]]
    samples: Mapping[str, float]
    weights: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    def refuse_not_finite(self) -> None:
        """Refuse what nothing can be computed with.

        Raises:
            DataError: What a layer reads is not finite on the calibration data, or its square is not.
        """
        for name, matrix in self.matrices.items():
            if not np.isfinite(matrix).all():
                raise DataError(
                    f"on the calibration data the inputs of the layer of {name} are not finite, or too large to be"
                    " squared, although the data and the weights are finite: does the network overflow (half precision)"
                    " or divide by zero?"
                )
