from __future__ import annotations

import pickle
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from prunekit.core.data import DataError, DataWarning
from prunekit.plugins.datasets.box_table import Boxed, BoxTable, class_numbers


def boxed(name: str, *boxes: tuple[float, float, float, float], number: int | None = None) -> Boxed:
    labels = list(range(len(boxes)))
    return Boxed(Path(name), (20, 10), boxes, labels, [0] * len(boxes), number, Path(name).with_suffix(".xml"))


def test_images_come_back_with_their_boxes() -> None:
    table = BoxTable(
        [boxed("a.jpg", (1, 2, 3, 4)), boxed("b.jpg", number=7), boxed("c.jpg", (0, 0, 20, 10), (5, 5, 6, 6))], "x"
    )
    for again in (table, pickle.loads(pickle.dumps(table))):
        found = [again[index] for index in range(len(again))]
        assert [(str(each.path), each.number, each.size) for each in found] == [
            ("a.jpg", 0, (20, 10)), ("b.jpg", 7, (20, 10)), ("c.jpg", 2, (20, 10)),
        ]  # fmt: skip
        assert [np.asarray(each.boxes).tolist() for each in found] == [
            [[1, 2, 3, 4]], [], [[0, 0, 20, 10], [5, 5, 6, 6]],
        ]  # fmt: skip
        assert np.asarray(found[2].labels).tolist() == [0, 1]


def test_one_warning_tells_all_with_counts() -> None:
    images = [
        boxed("a.jpg", (-3, 2, 5, 12), (4, 4, 4, 9), (1, 1, 2, 2)), boxed("b.jpg", (9, 9, 3, 3), (25, 0, 30, 5)),
        boxed("c.jpg", (-0.3, 0, 20.2, 10)),
    ]  # fmt: skip
    with pytest.warns(DataWarning) as caught:
        table = BoxTable(images, "set")
    assert [str(each.message) for each in caught] == [
        "set: of 6 boxes 3 without area dropped (a.jpg, b.jpg); 1 that reached outside of their images clipped"
    ]
    assert np.asarray(table[0].boxes).tolist() == [[0, 2, 5, 10], [1, 1, 2, 2]]
    assert np.asarray(table[0].labels).tolist() == [0, 2] and len(table[1].boxes) == 0
    assert np.asarray(table[2].boxes).tolist() == [[0, 0, 20, 10]]  # half a pixel is rounding


def test_shares_where_pixels_are_expected_are_told() -> None:
    with pytest.warns(DataWarning, match=r"of 2 boxes all lie within 0 and 1 \(the greatest value is 0.9\): .*pixels"):
        BoxTable([boxed("a.jpg", (0.1, 0.1, 0.9, 0.5), (0.2, 0.2, 0.3, 0.3))], "x")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        BoxTable([boxed("a.jpg", (0, 0, 1, 2)), boxed("b.jpg")], "x")
        BoxTable([boxed("b.jpg")], "x")  # no box at all is legal


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_an_edge_that_is_no_number_is_refused(value: float) -> None:
    with pytest.raises(DataError, match=r"a\.xml: a box has an edge that is no number"):
        BoxTable([boxed("a.jpg", (0, 0, value, 3))], "x")


def test_nothing_is_no_dataset() -> None:
    with pytest.raises(DataError, match="x lists no image"):
        BoxTable([], "x")


def test_classes_are_numbered() -> None:
    assert class_numbers(None, lambda: ["a", "b"], "x") == {"a": 0, "b": 1}
    assert class_numbers(["b", "a"], lambda: 1 / 0, "x") == {"b": 0, "a": 1}


@pytest.mark.parametrize(("given", "told"), [([], "x names no class"), (["a", "b", "a"], "classes has a twice")])
def test_classes_that_are_none(given: Any, told: str) -> None:
    with pytest.raises(DataError, match=told):
        class_numbers(given, list, "x")
