"""Real numbers that become sizes again."""

from __future__ import annotations

import copy
import math

import numpy as np
import pytest

from prunekit.core.graph.size_arithmetic import evaluated
from prunekit.core.graph.size_ufuncs import whole
from prunekit.core.graph.symbolic_integers import SymInt, origin_of
from prunekit.core.graph.tracked_quotients import SymFloat
from prunekit.core.graph.tracked_sizes import Combined, Extent, Literal, Uses
from prunekit.core.recording.seen_numpy import seen_ufuncs
from prunekit.core.recording.yielding_constants import Yielding

WIDTH = Extent(32, 7, 1)


@pytest.fixture
def width():
    with seen_ufuncs([]):
        yield SymInt(32, WIDTH, Uses())


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
    "compute",
    [
        lambda w: math.ceil(w / 3),
        lambda w: round(w / 3),
        lambda w: math.floor(w * 1.5),
        lambda w: math.floor(w * 0.3),
        lambda w: math.trunc(Yielding(0.3) - w),
        lambda w: w**0.5,
        lambda w: w**-0.5 * 2.0 + 1,
        lambda w: Yielding(3.0) / w,
        lambda w: (w / 3) ** 2 % 7,
        lambda w: -(w / 2) // 3.0,
        lambda w: abs(20 - w / 1),
        lambda w: np.sqrt(w) / np.float64(3),
        lambda w: np.log2(w),
        lambda w: np.hypot(w, 3.0),
    ],
)
def test_all_that_is_computed_can_be_computed_again(width, compute):
    number = compute(width)
    assert type(number) in (SymInt, SymFloat) and number == compute(32)
    assert evaluated(number.origin, {}) == compute(32) and evaluated(number.origin, {WIDTH: 21}) == compute(21)


@pytest.mark.parametrize(
    ("compute", "power"),
    [
        (lambda w: w**-0.5, (WIDTH, -0.5)),
        (lambda w: 2 / w, (WIDTH, -1.0)),
        (lambda w: (w * 0.5) ** -0.5, (WIDTH, -0.5)),
        (lambda w: -(w**-0.5) * 3, (WIDTH, -0.5)),
        (lambda w: w**0.5 / w, (WIDTH, -0.5)),
        (lambda w: 1 / (w**0.5) ** 0.5, (WIDTH, -0.25)),
        (lambda w: np.sqrt(w), (WIDTH, 0.5)),
        (lambda w: (w // 2) ** -0.5, (quotient(2), -0.5)),
    ],
)
def test_powers_but_for_a_constant(width, compute, power):
    assert compute(width).power == power


def test_other_numbers_are_a_power_of_themselves(width):
    number = width**-0.5 + 1.0
    assert number.power == (number.origin, 1.0)


@pytest.mark.parametrize(
    ("compare", "operator", "right", "holds"),
    [
        (lambda w: w / 8 > 1.5, ">", 1.5, True),
        (lambda w: w / 8 == np.int64(4), "==", 4, True),
        (lambda w: (w / 8).is_integer(), "==", 0, True),
        (lambda w: not w / 8, "!=", 0, True),
    ],
)
def test_comparisons_are_noted(width, compare, operator, right, holds):
    compare(width)
    (found,) = width.uses.compared
    assert found[1:4] == (operator, right, holds) and str(found.place).startswith("test_tracked_quotients.py:")


def test_they_count_as_real_numbers(width):
    half = width / 2
    assert isinstance(half, float) and half == 16.0 and half * 1.5 == 24.0 and half**0.5 == 4.0
    assert width / 3 * 2.0 == 32 / 3 * 2.0 and half + 1.25 == 17.25 and type(float(half)) is float
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
    assert not isinstance(SymFloat(1.0, 1, WIDTH), int)
