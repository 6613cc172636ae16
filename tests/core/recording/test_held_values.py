"""The parts of what can be held in a value, and how one of them is changed."""

from __future__ import annotations

import copy
from argparse import Namespace
from collections import OrderedDict, namedtuple
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from logging import getLogger
from types import SimpleNamespace

import pytest

from prunekit.core.graph.tracked_sizes import Field
from prunekit.core.recording.held_values import FUNCTION, IMMUTABLE, adapt, part, parts, with_part

Pair = namedtuple("Pair", "a b")


@dataclass
class Config:
    width: int = 16
    more: dict = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fixed:
    width: int = 16


class Slotted:
    __slots__ = ("unset", "width")

    def __init__(self):
        self.width = 16


class Hidden:
    def __init__(self):
        self._width, self.__dict__["__private"] = 16, 3


class Both(dict):
    def __init__(self):
        super().__init__(width=16)
        self.width = 8


class Kind(Enum):
    A = 16


def enclosing(width):
    return lambda x, times=2: (width, times, x)


CASES = [
    ({"a": 16}, "a"),
    (OrderedDict(b=1, a=16), "a"),
    ([3, 16], 1),
    ((3, 16), 1),
    (Pair(3, 16), 1),
    (SimpleNamespace(a=16), Field("a")),
    (Namespace(a=16), Field("a")),
    (Config(), Field("width")),
    (Fixed(), Field("width")),
    (Slotted(), Field("width")),
    (Hidden(), Field("_width")),
    (Both(), "width"),
    (partial(max, 3, 16), 1),
    (partial(max, key=16), "key"),
    (enclosing(16), "width"),
]


@pytest.mark.parametrize(("value", "step"), CASES)
def test_a_part_is_found_and_changed(value, step):
    value = copy.deepcopy(value)
    assert part(value, step) == 16
    other = with_part(value, step, 5)
    assert part(other, step) == 5 and type(other) is type(value)
    assert (other is value) != isinstance(value, IMMUTABLE)
    assert [s for s, _ in parts(other)] == [s for s, _ in parts(value)]
    assert [p for s, p in parts(other) if s != step] == [p for s, p in parts(value) if s != step]


def test_a_function_with_another_variable_computes_with_it():
    function = enclosing(16)
    assert with_part(function, "width", 5)(1) == (5, 2, 1) and with_part(function, 0, 7)(1) == (16, 7, 1)
    assert function(1) == (16, 2, 1)


def test_a_partial_of_another_function():
    value = partial(max, 3)
    assert with_part(value, FUNCTION, min) is value and value(5) == 3


def test_a_key_is_no_field():
    value = Both()
    assert (part(value, "width"), part(value, Field("width"))) == (16, 8)
    with_part(value, Field("width"), 4)
    assert (value["width"], value.width) == (16, 4)


@pytest.mark.parametrize(
    "value", [5, "text", None, Kind.A, Config, getLogger("x"), len, copy, object(), test_a_key_is_no_field]
)
def test_what_has_no_parts(value):
    assert list(parts(value, ("a_library",))) == []


def test_libraries_are_closed():
    assert list(parts(Config(), (__name__,))) == []
    assert list(parts(enclosing(16), (__name__,))) == []


class Module:
    table = {"width": 16, "deep": [1, 16]}  # noqa: RUF012

    def __init__(self):
        self.config, self.f, self.pair = Config(more={"sizes": (3, 16)}), enclosing(16), (16, 3)


@pytest.mark.parametrize(
    ("path", "read"),
    [
        (("config", Field("width")), lambda m: m.config.width),
        (("config", Field("more"), "sizes", 1), lambda m: m.config.more["sizes"][1]),
        (("f", "width"), lambda m: m.f(0)[0]),
        (("pair", 0), lambda m: m.pair[0]),
        (("table", "deep", 1), lambda m: m.table["deep"][1]),
    ],
)
@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_a_copy_is_adapted_and_the_original_stays(path, read, copied):
    module = Module()
    small = copied(module)
    adapt(small, module, path, 5)
    assert (read(small), read(module), read(Module())) == (5, 16, 16)


def test_what_the_copies_share_is_adapted_for_both():
    one, two = Module(), Module()
    two.config = one.config
    small, other = copy.deepcopy([one, two])
    adapt(small, one, ("config", Field("width")), 5)
    assert (other.config.width, one.config.width) == (5, 16)
