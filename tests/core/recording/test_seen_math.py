"""Python's functions of sizes: what they give can be computed again."""

from __future__ import annotations

import math

import pytest

from prunekit.core.graph.size_arithmetic import evaluated
from prunekit.core.graph.symbolic_integers import SymInt
from prunekit.core.graph.tracked_sizes import Extent, Uses
from prunekit.core.recording.seen_math import seen_math

WIDTH = Extent(32, 7, 1)


@pytest.mark.parametrize(
    "compute",
    [
        lambda w: math.sqrt(w),
        lambda w: math.isqrt(w),
        lambda w: math.log2(w),
        lambda w: math.log(w),
        lambda w: math.log(w, 3),
        lambda w: math.gcd(12, w),
        lambda w: math.pow(2.0, w),
        lambda w: 1.0 / math.sqrt(w / 2),
        lambda w: math.floor(math.sqrt(w)),
    ],
)
def test_computed_again(compute):
    with seen_math([]):
        number = compute(SymInt(32, WIDTH, Uses()))
    assert number == compute(32) and evaluated(number.origin, {WIDTH: 21}) == compute(21)


def test_what_is_imported_is_seen_and_put_back():
    space = {"root": math.sqrt}
    plain = math.sqrt
    with seen_math([space]):
        assert space["root"](SymInt(32, WIDTH, Uses())).power == (WIDTH, 0.5)
        assert type(math.sqrt(4.0)) is float and math.log(8, 2) == 3.0
    assert space["root"] is plain is math.sqrt
    with seen_math([]), pytest.raises(ValueError, match="math domain error"):
        math.sqrt(-SymInt(32, WIDTH, Uses()))


def test_more_than_two_numbers_are_not_computed_again():
    with seen_math([]):
        number = math.gcd(SymInt(32, WIDTH, Uses()), 24, 20)
    assert number == 4 and evaluated(number.origin, {WIDTH: 6}) is None
