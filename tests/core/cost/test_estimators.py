from __future__ import annotations

import numpy as np

from prunekit.core.cost import Turns
from prunekit.core.cost.estimators import is_measured, is_priced, not_priced
from prunekit.registry import Register, RegisterType


def test_median_and_spread():
    turns = Turns((4.0, 1.0, 2.0, 3.0, 50.0))
    assert (turns.median, turns.spread) == (3.0, 2.0)


def test_what_a_class_declares_tells_the_kinds_apart_and_not_its_backend():
    with Register.isolated():

        @Register.register(RegisterType.COST_ESTIMATOR, name="bytes", backend="pytorch")
        class Bytes:
            def share(self, model, counts):
                return float(np.mean(counts))

        @Register.register(RegisterType.COST_ESTIMATOR, name="energy")
        class Energy:
            unit, batch_size = "mJ", 1

            def compare(self, networks, inputs, device):
                return {name: Turns((1.0,)) for name in networks}

        assert is_priced(Bytes) and not is_measured(Bytes) and is_measured(Energy) and not is_priced(Energy)
        assert not_priced("bytes", "pytorch") is None
        assert not_priced("energy", "pytorch").startswith("energy is not priced from the channels that stay")
        assert "Did you mean" in not_priced("byte", "pytorch")
