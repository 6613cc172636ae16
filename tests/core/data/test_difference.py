from __future__ import annotations

from math import inf, nan

import numpy as np
import pytest

from prunekit.core.data.difference import relative_difference


@pytest.mark.parametrize(
    ("found", "wanted", "difference"),
    [
        ([1.0, -4.0], [1.0, -4.0], 0.0),
        ([1.5, -4.0], [1.0, -4.0], 0.125),
        ([0.25, 0.0], [0.0, 0.0], 0.25),  # absolute, as there is nothing to relate it to
        ([1.0, nan, inf, -inf], [1.0, nan, inf, -inf], 0.0),
        ([1.5, nan], [2.0, nan], 0.25),
        ([nan, 1.0], [1.0, nan], inf),
        ([1.0, -inf], [1.0, inf], inf),
        ([1.0, inf], [1.0, 2.0], inf),
        ([1.0, 2.0], [1.0, inf], inf),
        ([1.0, nan], [1.0, 2.0], nan),
        ([1.0], [1.0, 2.0], inf),
        ([[1.0]], [1.0], inf),
        ([], [], 0.0),
        ([1, 2], [1, 2], 0.0),
        ([1, 2], [1, 3], inf),
        ([True, False], [True, True], inf),
    ],
)
def test_the_largest_difference(found: list[float], wanted: list[float], difference: float) -> None:
    assert relative_difference(np.array(found), np.array(wanted)) == pytest.approx(difference, abs=0, nan_ok=True)


def test_it_is_taken_in_double_precision() -> None:
    large = np.full(3, 60000, np.float16)
    assert relative_difference(-large, large) == 2.0
    assert relative_difference(np.float64([1 + 1e-12]), np.float64([1])) == pytest.approx(1e-12, rel=1e-3)
    assert 0 < relative_difference(np.float32([0.1]), np.float64([0.1])) < 1e-7
