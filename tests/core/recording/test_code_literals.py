"""Numbers that stand in the code, and others."""

from __future__ import annotations

import pytest

from prunekit.core.graph.symbolic_integers import SymInt
from prunekit.core.graph.tracked_sizes import Extent, Literal, Unknown, Uses
from prunekit.core.recording.code_literals import origin_of

CONSTANT = 7 * 7 * 90210
HIDDEN = [90001]


def helper(size, default=90002, *, keyword=90003):
    return origin_of(size)


class Holder:
    def method(self, size, default=90004):
        return origin_of(size)


def returned():
    return 90005


def folded():
    return origin_of(len(HIDDEN) and HIDDEN[0]), 45_000 * 2 + 1


def in_a_tuple(size):
    return origin_of(size), (3, 90006)


def in_a_slice(size):
    return origin_of(size), HIDDEN[:90007]


def of_the_module():
    return origin_of(CONSTANT)


def of_another():
    return origin_of(returned())


def of_nobody():
    return origin_of(HIDDEN[0] + len(HIDDEN))


@pytest.mark.parametrize(
    "ask",
    [
        lambda: helper(90_000 + 2),
        lambda: helper(sum([90_000, 3])),
        lambda: Holder().method(sum([90_000, 4])),
        lambda: folded()[0],
        lambda: in_a_tuple(sum([90_000, 6]))[0],
        lambda: in_a_slice(sum([90_000, 7]))[0],
        of_the_module,
        of_another,
        lambda: helper(-(90_008)),
    ],
)
def test_literals(ask):
    found = ask()
    assert found == Literal(found.value)


def test_what_stands_nowhere():
    found = of_nobody()
    assert type(found) is Unknown and found.value == sum([90_000, 2])


def test_zero_and_one_are_everywhere():
    assert [origin_of(len(HIDDEN) - k) for k in range(3)] == [Literal(1), Literal(0), Literal(-1)]


def test_sizes_know_it_themselves():
    assert origin_of(SymInt(5, Extent(5, 0, 1), Uses())) == Extent(5, 0, 1)
