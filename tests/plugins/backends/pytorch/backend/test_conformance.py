from __future__ import annotations

import numpy as np
import pytest
from conformance_pytorch import SUBJECT

from prunekit.core.testing import conformance
from prunekit.core.testing.conformance.in_numpy import SUBJECT as IN_NUMPY

NAMES = {"gain": "weight", "shift": "bias", "mean": "running_mean", "variance": "running_var"}


@pytest.mark.parametrize("check", conformance.CHECKS)
def test_conformance(check):
    check(SUBJECT)


@pytest.mark.parametrize("structure", conformance.STRUCTURES)
def test_the_networks_compute_what_those_in_numpy_do(structure):
    """Two hands wrote them from the same words; with the same values they return the same."""
    network, state = IN_NUMPY.network(structure), {}
    twin = SUBJECT.network(structure)
    names = SUBJECT.state(twin).keys()
    for name, array in IN_NUMPY.state(network).items():
        module, leaf = name.removeprefix("norm_").split(".")
        inside = f"{module}.{int(name.startswith('norm_'))}" if f"{module}.0.weight" in names else module
        state[f"{inside}.{NAMES.get(leaf, leaf)}"] = array
    assert {name for name in names if not name.endswith("num_batches_tracked")} == state.keys()
    (wanted,) = IN_NUMPY.outputs(network, IN_NUMPY.inputs(structure))
    (got,) = SUBJECT.outputs(SUBJECT.backend.with_state(twin, state), IN_NUMPY.inputs(structure))
    np.testing.assert_allclose(got, wanted, rtol=0, atol=1e-12 * abs(wanted).max())
