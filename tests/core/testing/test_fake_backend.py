from __future__ import annotations

import numpy as np
import pytest

from prunekit.core.backend import Backend
from prunekit.core.graph import channel_structure
from prunekit.core.graph.kinds import Kind
from prunekit.core.testing import conformance
from prunekit.core.testing.conformance.in_numpy import SUBJECT
from prunekit.core.testing.fake_backend import FakeBackend
from prunekit.core.testing.fake_framework import convolve
from prunekit.core.weights import WeightsError


@pytest.mark.parametrize("check", conformance.CHECKS)
def test_conformance(check):
    check(SUBJECT)


@pytest.mark.parametrize(
    ("stride", "padding", "groups", "kernel"), [(1, 1, 1, 3), (2, 0, 1, 3), (3, 2, 2, 1), (1, 0, 4, 2)]
)
def test_a_convolution_is_what_its_definition_says(stride, padding, groups, kernel):
    rng = np.random.default_rng(0)
    x, weight = rng.normal(size=(2, 4, 7, 6)), rng.normal(size=(8, 4 // groups, kernel, kernel))
    padded = np.zeros((2, 4, 7 + 2 * padding, 6 + 2 * padding))
    padded[:, :, padding : padding + 7, padding : padding + 6] = x
    got = convolve(x, weight, stride, padding, groups)
    assert got.shape == (2, 8, (padded.shape[2] - kernel) // stride + 1, (padded.shape[3] - kernel) // stride + 1)
    for n, o, i, j in np.ndindex(got.shape):
        first = o // (8 // groups) * (4 // groups)
        rows, columns = slice(i * stride, i * stride + kernel), slice(j * stride, j * stride + kernel)
        window = padded[n, first : first + 4 // groups, rows, columns]
        assert got[n, o, i, j] == pytest.approx((window * weight[o]).sum(), abs=1e-12)


def test_normalizations_can_be_whole_modules():
    network, inputs = SUBJECT.network("residual"), SUBJECT.inputs("residual")
    operators = FakeBackend().record(network, inputs, {"BatchNorm": "normalization"})
    whole = [(operator.kind, operator.name, operator.module) for operator in operators.operators if operator.call < 0]
    assert whole == [(Kind.NORMALIZATION, "BatchNorm", name) for name in ("norm_stem", "norm_a", "norm_b")]
    assert channel_structure(operators).signature == SUBJECT.graph(network, "residual").signature


@pytest.mark.parametrize("target", [np.zeros((7, 6)), None, {"boxes": [np.zeros((2, 4))]}])
def test_images_are_counted_by_the_inputs(target):
    network, x = SUBJECT.network("plain"), SUBJECT.inputs("plain", 4)
    graph = SUBJECT.graph(network, "plain")
    wanted, found = (FakeBackend().observe(network, graph, [(x, each)]).samples for each in (np.zeros(4), target))
    assert found == wanted


def test_it_has_no_files_of_its_own(tmp_path):
    backend: Backend = FakeBackend()
    with pytest.raises(WeightsError, match=r"weights are read from \.safetensors and \.npz files only"):
        backend.read_weights(tmp_path / "weights.pth")
