from __future__ import annotations

import numpy as np
import pytest

from prunekit.plugins.metrics.resampling import resamples, standard_error


def test_the_error_of_a_mean_is_found_again() -> None:
    values = np.random.default_rng(1).normal(size=400)
    means = values[resamples(400, 2000)].mean(axis=1)
    assert standard_error(means) == pytest.approx(values.std() / 20, rel=0.05)


def test_two_networks_are_resampled_alike() -> None:
    assert np.array_equal(resamples(50, 10), resamples(50, 10))


def test_resamples_without_a_figure_are_left_out() -> None:
    assert standard_error(np.array([1.0, np.nan, 3.0])) == np.std([1, 3], ddof=1)
    assert standard_error(np.array([np.nan, 1.0])) == float("inf")
