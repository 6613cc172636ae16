"""Shrinks the covariance of few images towards independent channels.

From fewer images than channels the moments say that some channels are copies of others, which they are on these
images only. Measured on MobileNetV2, whose classifier reads 1,280 channels averaged over the image (250 calibration
images, closed-form allocation of 70 % of the MACs, 250 other images): top-1 22 % without this, 66 % with it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

PER_IMAGE = 10
"""Positions of an image that count as independent. 10 to 100 did alike on MobileNetV2, 10 best on ResNet-56."""

RIDGE = 1e-4
"""Added to the diagonal, relative to its mean: channels that never fire leave the matrix singular."""

Floats = NDArray[np.float64]


def shrunk(matrices: Floats, samples: float) -> Floats:
    """Second moments ``[groups, C + 1, C + 1]`` (with a constant last) as far as so many samples support them.

    The covariance becomes ``(1 - rho) S + rho tr(S) / C I`` with rho by Oracle Approximating Shrinkage (Chen, Wiesel,
    Eldar and Hero 2010, eq. 23); means stay as they are.
    """
    channels = matrices.shape[1] - 1
    mean = matrices[:, :channels, channels:]
    outer = mean @ mean.swapaxes(1, 2)
    covariance = matrices[:, :channels, :channels] - outer
    trace = np.trace(covariance, axis1=1, axis2=2)
    rho = _rho(np.square(covariance).sum(axis=(1, 2)), trace, channels, samples)[:, None]
    diagonal = np.arange(channels)
    ridge = RIDGE * matrices[:, diagonal, diagonal].mean(axis=1, keepdims=True) + np.finfo(np.float64).tiny
    covariance *= 1 - rho[:, None]
    covariance[:, diagonal, diagonal] += rho * trace[:, None] / channels + ridge
    for part, least in zip(covariance, ridge[:, 0], strict=True):
        _lift(part, float(least))
    result = matrices.copy()
    result[:, :channels, :channels] = covariance + outer
    return result


def _lift(covariance: Floats, least: float) -> None:
    """Raise the diagonal until no direction has a variance far below ``least``.

    Moments are summed in float32: where one direction is far stronger than the others, as of maps that are nearly
    copies of each other (poolings side by side), its rounding is more than the ridge, and some variance below zero.
    """
    diagonal = np.arange(len(covariance))
    lowered = covariance.copy()
    lowered[diagonal, diagonal] -= least / 2
    try:
        np.linalg.cholesky(lowered)
    except np.linalg.LinAlgError:
        covariance[diagonal, diagonal] += least - np.linalg.eigvalsh(covariance)[0]


def _rho(squares: Floats, trace: Floats, channels: int, samples: float) -> Floats:
    """``squares`` is tr(S^2); 0 for one channel, which has nothing to be confused with."""
    above = (1 - 2 / channels) * squares + trace**2
    below = (samples + 1 - 2 / channels) * (squares - trace**2 / channels)
    with np.errstate(divide="ignore", invalid="ignore"):
        rho = above / below
    return np.where(below > 0, np.clip(rho, 0, 1), 0.0)
