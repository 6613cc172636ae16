"""Products and quotients of sizes in their simplest form."""

from __future__ import annotations

import pytest

from prunekit.core.graph.size_products import factors, simplified
from prunekit.core.graph.tracked_sizes import Combined, Extent, Literal

N, C, H, OTHER_H = Extent(2, 0, 0), Extent(16, 0, 1), Extent(7, 0, 2), Extent(7, 1, 1)
HEADS = Extent(4, 2, 1)


def times(*parts):
    found = parts[0]
    for part in parts[1:]:
        found = Combined(found.value * part.value, "*", found, part)
    return found


def over(left, right):
    return Combined(left.value // right.value, "//", left, right)


def less(left, right):
    return Combined(left.value - right.value, "-", left, right)


def more(left, right):
    return Combined(left.value + right.value, "+", left, right)


def test_factors():
    assert factors(times(N, C, H)) == [N, C, H] and factors(over(C, N)) == [over(C, N)] and factors(None) == []


@pytest.mark.parametrize(
    ("origin", "wanted"),
    [
        (over(times(N, C, H, H), N), times(C, H, H)),
        (over(times(C, H), times(Literal(2), OTHER_H)), over(C, Literal(2))),
        (over(times(N, C, HEADS), HEADS), times(N, C)),
        (over(over(C, Literal(2)), Literal(4)), over(C, Literal(8))),
        (over(times(C, Literal(6)), Literal(3)), times(C, Literal(2))),
        (over(times(C, Literal(2)), Literal(4)), over(C, Literal(2))),
        (over(C, HEADS), over(C, HEADS)),
        (over(C, Literal(3)), over(C, Literal(3))),
        (less(Literal(0), over(less(Literal(0), C), Literal(2))), over(C, Literal(2))),
        (over(less(more(C, HEADS), Literal(1)), HEADS), over(C, HEADS)),
        (over(more(C, Literal(3)), Literal(4)), over(C, Literal(4))),
        (less(C, over(C, Literal(2))), over(C, Literal(2))),
        (over(more(C, Literal(2)), Literal(3)), over(more(C, Literal(2)), Literal(3))),  # 16 is no multiple of 3
        (times(C, H), times(C, H)),
        (C, C),
    ],
)
def test_simplified(origin, wanted):
    assert simplified(origin, {C, HEADS}.__contains__) == wanted


def test_what_does_not_come_out_even_stays():
    odd = over(times(C, H), Literal(5))
    assert simplified(odd, {C}.__contains__) is odd
