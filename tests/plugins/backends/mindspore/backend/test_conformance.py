"""The backend passes the conformance checks, and its networks compute what those in NumPy do."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest

from prunekit.core.testing import conformance
from prunekit.core.testing.conformance.in_numpy import SUBJECT as IN_NUMPY

installed = find_spec("mindspore")  # not by importing it: the backend has to come first
if installed is None or installed.origin is None:  # a folder of that name
    pytest.skip("MindSpore is not installed", allow_module_level=True)

from conformance_mindspore import SUBJECT  # noqa: E402

NAMES = {"gain": "gamma", "shift": "beta", "mean": "moving_mean", "variance": "moving_variance"}


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
    assert names == state.keys()
    (wanted,) = IN_NUMPY.outputs(network, IN_NUMPY.inputs(structure))
    (got,) = SUBJECT.outputs(SUBJECT.backend.with_state(twin, state), SUBJECT.inputs(structure))
    np.testing.assert_allclose(got, wanted, rtol=0, atol=1e-5 * abs(wanted).max())
