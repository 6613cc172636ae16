from __future__ import annotations

import sys
from pathlib import Path

import pytest

here = Path(__file__).parent
sys.path[:0] = [str(here), str(here.parents[2] / "shared")]  # networks for the tests here; what all backends share


@pytest.fixture(scope="session")
def traced():
    """Network, inputs and graph of a small network by name; made once, so leave them as they are."""
    from mindspore_nets import CASES

    known = {}

    def get(name):
        if name not in known:
            known[name] = CASES[name].traced()
        return known[name]

    yield get
    known.clear()
