from __future__ import annotations

import logging
import time
from collections import OrderedDict, namedtuple
from collections.abc import Mapping
from dataclasses import InitVar, dataclass, field
from typing import Any, ClassVar

import numpy as np

from prunekit.core.data.nested import held_by, leaf_paths, leaves, map_leaves, map_once, named_leaves

Pair = namedtuple("Pair", "boxes labels")
ARRAY = np.zeros((2, 3))
VALUE = {"b": [1, (2.5, "text"), Pair(None, [])], "a": {"deep": [[ARRAY]]}, 3: ()}


def test_leaves_come_in_the_order_in_which_they_are_written() -> None:
    assert [*map(id, leaves(VALUE))] == [*map(id, (1, 2.5, "text", None, ARRAY))]
    assert [*leaves(7)] == [7] and [*leaves("text")] == ["text"] and [*leaves([])] == [*leaves({})] == []


def test_each_leaf_has_its_path() -> None:
    assert [path for path, _ in named_leaves(VALUE, "y")] == [
        "y['b'][0]", "y['b'][1][0]", "y['b'][1][1]", "y['b'][2][0]", "y['a']['deep'][0][0]",
    ]  # fmt: skip
    for path, leaf in named_leaves(VALUE, "y"):
        assert eval(path, {"y": VALUE}) is leaf
    assert [*named_leaves(ARRAY, "y")] == [("y", ARRAY)]


def test_what_is_mapped_keeps_its_structure() -> None:
    seen: list[Any] = []
    found = map_leaves(lambda leaf: seen.append(leaf) or len(seen), VALUE)
    assert found == {"b": [1, (2, 3), Pair(4, [])], "a": {"deep": [[5]]}, 3: ()}
    assert [*map(id, seen)] == [*map(id, leaves(VALUE))]
    assert type(found["b"][2]) is Pair and type(found["b"][1]) is tuple and type(found["b"]) is list
    assert map_leaves(str, 3) == "3" and VALUE["b"][0] == 1


def test_classes_of_their_own() -> None:
    class Made(list[Any]):
        def __init__(self, first: Any, second: Any) -> None:
            super().__init__([first, second])

    class Strict(Pair):
        def __new__(cls, boxes: Any) -> Any:
            return super().__new__(cls, boxes, 1)

    assert map_leaves(str, Made(1, 2)) == ["1", "2"]
    assert type(map_leaves(str, Strict(1))) is Strict and map_leaves(str, Strict(1)) == ("1", "1")
    assert type(map_leaves(str, OrderedDict(x=1))) is dict
    found = map_leaves(lambda part: part + 1, time.gmtime(0))  # built like what torch.max returns
    assert type(found) is time.struct_time and found.tm_year == 1971


def test_containers_that_are_leaves() -> None:
    outside = (tuple, Mapping)
    assert [*map(id, leaves(VALUE, outside))] == [id(VALUE["b"]), id(VALUE["a"]["deep"])]
    assert map_leaves(len, VALUE, outside) == {"b": 3, "a": {"deep": 1}, 3: ()}
    assert map_leaves(len, [1, 2], outside) == 2


@dataclass
class Boxes:
    corners: Any
    scores: Any = None


@dataclass(frozen=True)
class Found:
    boxes: Boxes
    count: InitVar[int]
    area: int = field(init=False, default=0)
    KIND: ClassVar[str] = "no field"


def test_dataclasses_are_looked_into() -> None:
    value = {"y": Found(Boxes(ARRAY, [1, 2]), 7)}
    assert [*map(id, leaves(value))] == [*map(id, (ARRAY, 1, 2, 0))]
    assert [path for path, _ in named_leaves(value, "y")] == [
        "y['y'].boxes.corners", "y['y'].boxes.scores[0]", "y['y'].boxes.scores[1]", "y['y'].area",
    ]  # fmt: skip
    for path, leaf in named_leaves(value, "y"):
        assert eval(path, {"y": value}) is leaf
    found = map_leaves(str, value)["y"]
    assert type(found) is Found and found.boxes == Boxes(str(ARRAY), ["1", "2"]) and found.area == "0"
    assert value["y"].boxes.corners is ARRAY and value["y"].boxes.scores == [1, 2]
    assert [*leaves(Found)] == [Found]  # the class itself is no instance of one
    assert [*leaves(value, (Mapping,))] == [value["y"]]


def test_short_paths() -> None:
    value = {"y": Found(Boxes(ARRAY, [1]), 7), 3: (4, Pair(5, []))}
    assert [path for path, _ in leaf_paths(value)] == [
        "y.boxes.corners", "y.boxes.scores.0", "y.area", "3.0", "3.1.0",
    ]  # fmt: skip
    assert [*leaf_paths(ARRAY)] == [("0", ARRAY)]
    assert [leaf for _, leaf in leaf_paths(value)] == [*leaves(value)]


def test_what_an_object_holds() -> None:
    class Own:
        pass

    value: Any = Own()
    value.parts, value.inner, value.itself, value.of, value.made = [1, {"x": ARRAY}], Own(), value, Own, len
    value.inner.owner, value.inner.table = value, (2,)
    value.parts.append(value.parts)
    found = {path: part for path, part in held_by(value, "y") if isinstance(part, (int, np.ndarray))}
    assert found == {"y.parts.0": 1, "y.parts.1.x": ARRAY, "y.inner.table.0": 2}
    assert [*held_by(3, "y")] == [*held_by(Own, "y")] == []
    value.log = logging.getLogger("prunekit.test")  # which knows all the others
    assert len([*held_by(value, "y")]) < 100_000


def test_what_stands_twice_is_changed_once():
    leaf = object()
    twice = map_once(lambda _: object(), [leaf, {"again": leaf}, object()])
    assert twice[0] is twice[1]["again"] and twice[0] is not twice[2] and twice[0] is not leaf
