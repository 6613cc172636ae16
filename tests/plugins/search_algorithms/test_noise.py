from __future__ import annotations

import numpy as np
import pytest

from prunekit.plugins.search_algorithms.noise import truncated_normal


@pytest.mark.parametrize(("mean", "deviation"), [(0.5, 0.5), (0.0, 0.1), (1.0, 1e-12), (0.3, 0.01), (0.7, 100.0)])
def test_noise_has_the_truncated_normal_distribution(mean, deviation):
    rng = np.random.default_rng(0)
    drawn = np.array([truncated_normal(rng, mean, deviation) for _ in range(4000)])
    wanted = rng.normal(mean, deviation, 400_000)
    wanted = wanted[(wanted >= 0) & (wanted <= 1)]
    assert drawn.min() >= 0 and drawn.max() <= 1
    spread = max(wanted.std(), 1e-12)
    assert abs(drawn.mean() - wanted.mean()) < 5 * spread / np.sqrt(min(len(wanted), 4000))
    assert drawn.std() == pytest.approx(wanted.std(), rel=0.1, abs=1e-12)
