"""Moments of few samples come nearer to the truth; moments of many are left alone."""

from __future__ import annotations

import numpy as np
import pytest

from prunekit.core.pruning.covariance_shrinkage import RIDGE, shrunk


def moments(rows):
    wide = np.concatenate([rows, np.ones((len(rows), 1))], 1)
    return (wide.T @ wide / len(rows))[None]


def covariance(matrix):
    return matrix[0, :-1, :-1] - np.outer(matrix[0, :-1, -1], matrix[0, -1, :-1])


@pytest.fixture
def truth():
    generator = np.random.default_rng(0)
    mixing = generator.normal(size=(40, 40)) / 6 + np.eye(40)
    return mixing @ mixing.T, mixing


def test_few_samples_come_nearer_to_the_truth_and_can_be_inverted(truth):
    true, mixing = truth
    rows = np.random.default_rng(1).normal(size=(30, 40)) @ mixing.T + 3
    before, after = covariance(moments(rows)), covariance(shrunk(moments(rows), 30))
    assert np.linalg.norm(after - true) < 0.75 * np.linalg.norm(before - true)
    assert np.linalg.cond(after) < 100 < np.linalg.cond(before)


def test_many_samples_are_left_alone_but_for_the_ridge(truth):
    _, mixing = truth
    plain = moments(np.random.default_rng(2).normal(size=(4000, 40)) @ mixing.T)
    ridge = RIDGE * np.trace(plain[0, :-1, :-1]) / 40
    assert np.allclose(covariance(shrunk(plain, 1e12)), covariance(plain) + ridge * np.eye(40), rtol=0, atol=1e-9)


def test_means_and_the_constant_stay(truth):
    _, mixing = truth
    plain = moments(np.random.default_rng(3).normal(size=(20, 40)) @ mixing.T + np.arange(40))
    found = shrunk(plain, 20)
    assert np.array_equal(found[:, :, -1], plain[:, :, -1]) and np.array_equal(found[:, -1], plain[:, -1])


@pytest.mark.parametrize("rows", [np.ones((5, 1)), np.zeros((5, 3)), np.arange(5.0)[:, None]])
def test_one_channel_and_channels_that_never_fire_stay_finite(rows):
    found = shrunk(moments(rows), 5)
    assert np.isfinite(found).all() and (np.linalg.eigvalsh(found[0]) > 0).all()


def test_near_copies_whose_moments_are_rounded_leave_no_variance_below_zero():
    """As of SPPF: a map beside its poolings, all with one strong direction, summed in float32."""
    generator = np.random.default_rng(5)
    strong = 40 * generator.normal(size=(3000, 1)) * np.ones((1, 100))
    rows = strong + np.repeat(generator.normal(size=(3000, 25)), 4, axis=1) * 0.05
    wide = np.concatenate([rows, np.ones((3000, 1))], 1).astype(np.float32)
    plain = (wide.T @ wide / np.float32(3000)).astype(np.float64)[None]
    ridge = RIDGE * np.trace(plain[0, :-1, :-1]) / 100
    below = plain - 2e-3 * ridge / RIDGE * np.pad(np.eye(100), ((0, 1), (0, 1)))  # rounding of a worse kind
    for matrix in (plain, below):
        assert np.linalg.eigvalsh(covariance(shrunk(matrix, 1e12)))[0] >= ridge / 3
    assert np.linalg.eigvalsh(covariance(below))[0] < -ridge
