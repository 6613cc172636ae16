"""Real numbers that become sizes again."""

from __future__ import annotations

import copy
import math

import numpy as np
import pytest

from prunekit.core.graph.tracked_quotients import SymFloat, whole
from prunekit.core.graph.tracked_sizes import Combined, Extent, Literal, SymInt, Uses, origin_of

WIDTH = Extent(32, 7, 1)


@pytest.fixture
def width():
    return SymInt(32, WIDTH, Uses())


def quotient(part, of=WIDTH):
    return Combined(of.value // part, "//", of, Literal(part))


@pytest.mark.parametrize(
    ("compute", "value", "origin"),
    [
        (lambda w: math.floor(w / 2), 16, quotient(2)),
        (lambda w: math.trunc(w * 0.25), 8, quotient(4)),
        (lambda w: math.trunc(w * 2.0), 64, Combined(64, "*", WIDTH, Literal(2))),
        (lambda w: math.trunc(w / 0.5), 64, Combined(64, "*", WIDTH, Literal(2))),
        (lambda w: round(w / 2), 16, quotient(2)),
        (lambda w: math.ceil(w / 2), 16, quotient(2)),
        (lambda w: math.floor(w / 3), 10, quotient(3)),
        (lambda w: round(w // 2.0), 16, quotient(2)),
        (lambda w: math.floor(w / 2 + 0.5), 16, quotient(2)),
        (lambda w: math.trunc(64 / w), 2, Combined(2, "//", Literal(64), WIDTH)),
        (lambda w: math.trunc(w / 2 / 2), 8, quotient(2, quotient(2))),
        (lambda w: np.floor(w / 2).astype(int), 16, quotient(2)),
        (lambda w: np.ceil(w / 2).astype(np.int64), 16, quotient(2)),
    ],
)
def test_equal_parts_and_multiples_keep_their_origin(width, compute, value, origin):
    size = compute(width)
    assert size == value and origin_of(size) == origin


@pytest.mark.parametrize(
    ("compute", "value"),
    [
        (lambda w: math.ceil(w / 3), 11),
        (lambda w: round(w / 3), 11),
        (lambda w: math.floor(w * 1.5), 48),
        (lambda w: math.floor(w * 0.3), 9),
    ],
)
def test_what_is_rounded_otherwise_or_is_another_share_is_not_followed(width, compute, value):
    size = compute(width)
    assert size == value and origin_of(size).operator == "?"


def test_they_count_as_real_numbers(width):
    half = width / 2
    assert isinstance(half, float) and half == 16.0 and half * 1.5 == 24.0 and half**0.5 == 4.0
    assert type(width / 3 * 2.0) is float and type(half + 1.25) is float
    assert type(copy.deepcopy(half)) is float and type(copy.copy(half)) is float
    assert np.sqrt(half) == 4.0 and type(half * np.ones(2)) is np.ndarray
    assert type(int(half)) is int and int(half) == 16


def test_quotients_of_quotients(width):
    other = SymInt(16, Extent(16, 7, 2), width.uses)
    assert width / other == 2.0 and 64 / (width / other) == 32.0 and (width / 2) / (other / 2) == 2.0
    assert width / (other / 32.0) == 64.0


def test_division_by_zero_and_infinity(width):
    with pytest.raises(ZeroDivisionError):
        width / 0.0
    assert width / math.inf == 0.0 and width * math.inf == math.inf and math.isnan(width * math.nan)


def test_integer_types():
    assert whole(int) and whole(np.int64) and whole("int32") and not whole(float) and not whole(np.float32)
    assert not isinstance(SymFloat(1.0, 1), int)
