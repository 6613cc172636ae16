"""``int`` and ``len`` that keep origins."""

from __future__ import annotations

import numpy as np
import pytest

from prunekit.core.graph.symbolic_integers import SymInt, origin_of
from prunekit.core.graph.tracked_sizes import Combined, Extent, Literal, Uses
from prunekit.core.recording.seen_builtins import seen_builtins

WIDTH = Extent(32, 7, 1)
CODE = """
def whole(x): return int(x)
def parsed(): return int("12"), int("c", 16), int(), int(3.7)
def kinds(x): return isinstance(x, int), isinstance(2.0, (int, float)), type(x) == int, issubclass(bool, int)
def mapped(xs): return list(map(int, xs))
def length(x): return len(x)
"""


@pytest.fixture
def space():
    space = {}
    exec(CODE, space)
    return space


@pytest.fixture
def width():
    return SymInt(32, WIDTH, Uses())


def seen(space, *names):
    return seen_builtins([(space, names)], lambda value: isinstance(value, np.ndarray))


def test_int_keeps_origins(space, width):
    with seen(space, "int"):
        assert origin_of(space["whole"](width)) == WIDTH
        assert origin_of(space["whole"](width / 2)) == Combined(16, "//", WIDTH, Literal(2))
        assert [origin_of(size) for size in space["mapped"]([width, 5])] == [WIDTH, Literal(5)]
    assert type(space["whole"](width)) is int


def test_it_stands_for_int_everywhere_else(space):
    with seen(space, "int"):
        assert space["parsed"]() == (12, 12, 0, 3)
        assert space["kinds"](5) == (True, True, True, True)
        assert space["kinds"]("5")[0] is False and space["kinds"]("5")[2] is False


def test_len_of_a_tensor_is_the_first_of_its_sizes(space):
    with seen(space, "len"):
        assert space["length"](np.zeros((3, 2))) == 3 and space["length"]("abcd") == 4
        with pytest.raises(TypeError):
            space["length"](np.zeros(()))


def test_nothing_is_left_behind(space):
    names = set(space)
    with pytest.raises(RuntimeError), seen(space, "int", "len"):
        assert {"int", "len"} <= set(space)
        raise RuntimeError
    assert set(space) == names


def test_a_name_of_the_code_s_own_stays(space):
    space["len"] = lambda x: 7
    with seen(space, "len"):
        assert space["length"]("abcd") == 7
    assert space["length"]("abcd") == 7
