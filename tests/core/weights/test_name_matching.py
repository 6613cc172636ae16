from __future__ import annotations

import numpy as np
import pytest

from prunekit.core.weights.errors import WeightsError
from prunekit.core.weights.name_matching import check_fit


def test_names_in_a_file_are_shown_on_one_line() -> None:
    found = {"\x1b[2Ja\nerror: b": np.zeros(1), "x" * 1_000_000: np.zeros(1), "\udc80": np.zeros(1)}
    with pytest.raises(WeightsError) as caught:
        check_fit("w.npz", "Net", {}, found)
    told = str(caught.value)
    assert told.startswith(r"w.npz does not fit Net (0 tensors): 3 unexpected: \x1b[2Ja\nerror: b, xxx")
    assert told.isprintable() and len(told) < 600
