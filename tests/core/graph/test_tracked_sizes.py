"""Integers that remember where they come from, through whatever a network's code does with them."""

from __future__ import annotations

import copy
import math
import pickle

import numpy as np
import pytest

from prunekit.core.graph.symbolic_integers import SymInt, origin_of
from prunekit.core.graph.tracked_sizes import Attribute, Combined, Extent, Field, Literal, Uses, leaves

HEADS = Attribute(4, "blocks.0", ("num_heads",))
WIDTH = Extent(32, 7, 1)


@pytest.fixture
def uses():
    return Uses()


@pytest.fixture
def heads(uses):
    return SymInt(4, HEADS, uses)


@pytest.fixture
def width(uses):
    return SymInt(32, WIDTH, uses)


@pytest.mark.parametrize(
    ("compute", "operator", "left", "right"),
    [
        (lambda w, h: w // h, "//", WIDTH, HEADS),
        (lambda w, h: h * w, "*", HEADS, WIDTH),
        (lambda w, h: w // 2, "//", WIDTH, Literal(2)),
        (lambda w, h: 64 // w, "//", Literal(64), WIDTH),
        (lambda w, h: 3 * h, "*", Literal(3), HEADS),
        (lambda w, h: w + 1, "+", WIDTH, Literal(1)),
        (lambda w, h: 1 + w, "+", Literal(1), WIDTH),
        (lambda w, h: w - h, "-", WIDTH, HEADS),
        (lambda w, h: 40 - w, "-", Literal(40), WIDTH),
        (lambda w, h: w % h, "%", WIDTH, HEADS),
        (lambda w, h: -w, "-", Literal(0), WIDTH),
        (lambda w, h: w >> 2, "//", WIDTH, Literal(4)),
        (lambda w, h: w << 1, "*", WIDTH, Literal(2)),
        (lambda w, h: divmod(w, 2)[0], "//", WIDTH, Literal(2)),
        (lambda w, h: divmod(64, w)[0], "//", Literal(64), WIDTH),
        (lambda w, h: w & 7, "&", WIDTH, Literal(7)),
        (lambda w, h: w**h, "**", WIDTH, HEADS),
        (lambda w, h: 2**h, "**", Literal(2), HEADS),
        (lambda w, h: w**2, "*", WIDTH, WIDTH),
        (lambda w, h: abs(w - 40), "abs", Combined(-8, "-", WIDTH, Literal(40)), Literal(1)),
        (lambda w, h: w.bit_length(), "bit_length", WIDTH, Literal(1)),
        (lambda w, h: np.int64(3) * h, "*", Literal(3), HEADS),
    ],
)
def test_arithmetic(width, heads, compute, operator, left, right):
    size = compute(width, heads)
    assert size == compute(32, 4)
    assert origin_of(size) == Combined(int(size), operator, left, right)


@pytest.mark.parametrize("compute", [round, math.floor, math.ceil, math.trunc, abs, lambda w: +w, lambda w: max(w, 3)])
def test_what_leaves_it_as_it_is(width, compute):
    assert origin_of(compute(width)) == WIDTH


def test_plain_integers_are_noted_where_they_are_made(width, uses):
    assert type(int(width)) is int
    ((space, names, places),) = uses.converted.values()
    assert space is globals() and names == {"int"} and places == {""}


def test_libraries_are_not_noted(width, uses):
    uses.libraries = (__name__.partition(".")[0],)
    int(width)
    assert uses.converted == {}


def test_leaves(width, heads):
    assert list(leaves(origin_of(3 * (width // heads) + 1))) == [Literal(3), WIDTH, HEADS, Literal(1)]
    assert list(leaves(origin_of(5))) == [Literal(5)]


def test_they_count_as_integers(width, heads):
    assert isinstance(width, int) and list(range(heads)) == [0, 1, 2, 3] and [7] * heads == [7] * 4
    assert f"{width}" == "32" and hash(width) == hash(32) and {32: "x"}[width] == "x"
    assert width > heads and divmod(width, 5) == (6, 2) and max(width, 3) is width
    assert origin_of(divmod(width, 5)[0]).value == 6


@pytest.mark.parametrize(
    ("compute", "exponent"),
    [
        (lambda s: s**-0.5, -0.5),
        (lambda s: s**0.5, 0.5),
        (lambda s: math.sqrt(s), 0.5),
        (lambda s: 1 / math.sqrt(s), -0.5),
        (lambda s: 1 / s, -1.0),
        (lambda s: s / 1, 1.0),
        (lambda s: float(s) ** -0.5, -0.5),
        (lambda s: s**-1, -1.0),
    ],
)
def test_real_numbers_are_recognized(width, uses, compute, exponent):
    assert uses.power(compute(width)) == (WIDTH, exponent)


def test_a_whole_power_is_no_factor(width, uses):
    assert width**2 == 1024
    assert uses.power(1024.0) is None


def test_a_power_is_known_by_itself_and_not_by_its_value(width, uses):
    """Other numbers of that value stand in the code, or are held by modules."""
    power = width**-0.5
    same = float(str(power))
    assert same == power and uses.power(power) == (WIDTH, -0.5)
    assert uses.power(same) is None
    math.sqrt(width)
    assert uses.power(same) == (WIDTH, -0.5)  # guessed: what came of it was not seen
    uses.hold(same)
    assert uses.power(same) is None
    assert uses.power(power) == (WIDTH, -0.5)
    assert uses.power(float(str(power))) == (WIDTH, -0.5)  # a module's Dropout(0.25) is not 1 / sqrt(16)


@pytest.mark.parametrize(
    ("compare", "operator", "right", "holds"),
    [
        (lambda w, h: w == h, "==", HEADS, False),
        (lambda w, h: w != h, "!=", HEADS, True),
        (lambda w, h: w > 16, ">", 16, True),
        (lambda w, h: w < 16, "<", 16, False),
        (lambda w, h: w <= 16.5, "<=", 16.5, False),
        (lambda w, h: w in (8,), "==", 8, False),
        (lambda w, h: {32: True}[w], "==", 32, True),
        (lambda w, h: (1, w) == (1, 32), "==", 32, True),
        (lambda w, h: not w, "!=", 0, True),
        (lambda w, h: max(h, w), ">", HEADS, True),
        (lambda w, h: w > np.int64(16), ">", 16, True),
        (lambda w, h: np.int64(16) < w, ">", 16, True),
        (lambda w, h: np.float32(16.5) >= w, "<=", 16.5, False),
    ],
)
def test_comparisons_are_noted(width, heads, uses, compare, operator, right, holds):
    compare(width, heads)
    (found,) = uses.compared
    assert found[:4] == (WIDTH, operator, right, holds)


def test_a_comparison_says_where_it_stands(width, uses):
    uses.place = "blocks.0"
    if width % 3 != 2:
        raise AssertionError
    (found,) = uses.compared
    assert found.left == Combined(2, "%", WIDTH, Literal(3)) and found.module == "blocks.0"
    assert str(found.place).startswith("test_tracked_sizes.py:") and "width % 3 != 2" in str(found.place)
    assert not found.by_framework
    assert (width % 3).__bool__() and uses.compared[-1][1:4] == ("!=", 0, True)


def test_keys_of_a_cache_are_no_comparison(width, uses):
    cache = {width: "x"}
    assert cache[SymInt(32, HEADS, uses)] == "x" and not uses.compared


def test_what_the_framework_compares_is_told_apart():
    uses = Uses(framework=("framework",))
    size = SymInt(32, WIDTH, uses)
    for package, noted in (("framework.nn", [True]), ("frameworks", [False]), ("prunekit.core.graph", [])):
        uses.compared.clear()
        exec("size > 3", {"__name__": package, "size": size})
        assert [found.by_framework for found in uses.compared] == noted


def test_copies_are_plain(width):
    for plain in (copy.copy(width), copy.deepcopy([width])[0], pickle.loads(pickle.dumps(width))):
        assert type(plain) is int and plain == 32


def test_attributes_are_told_by_their_path():
    assert str(Attribute(2, "m", ("config", Field("sizes"), "a"))) == "m.config.sizes['a']"
    assert str(HEADS) == "blocks.0.num_heads"
    assert str(Attribute(2, "", ("sizes", 1))) == "sizes[1]"
