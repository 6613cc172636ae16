from __future__ import annotations

from typing import Any

import pytest

from prunekit.core.data import DataError
from prunekit.plugins.datasets.set_choice import SetChoice

THREE, TWO, ONE = ["train", "val", "test"], ["train", "val"], ["train"]


@pytest.mark.parametrize(
    ("found", "asked", "taken"),
    [
        (THREE, None, ("test",)), (TWO, None, ("val",)), (ONE, None, ("train",)), (THREE, ["val"], ("val",)),
        (THREE, ["val", "test"], ("val", "test")), (["train", "test"], None, ("test",)),
    ],
)  # fmt: skip
def test_which_sets_final_figures_are_of(found: list[str], asked: Any, taken: tuple[str, ...]) -> None:
    assert SetChoice("test", 0.9, test_sets=asked).sets(found, "x") == taken
    for split in ("train", "val"):
        assert SetChoice(split, 0.9, test_sets=asked).sets(found, "x") == ("train",)


@pytest.mark.parametrize(
    ("found", "given", "told"),
    [
        (["val"], {}, "x has no set train (it has val)"), ([], {}, "it has none"),
        (TWO, {"test_sets": ["test"]}, "test_sets names test, but x has only train, val"),
        (TWO, {"test_portion": 0.3}, "test_portion has no effect: the set val is for final figures"),
    ],
)  # fmt: skip
def test_sets_that_are_not_there(found: list[str], given: dict[str, Any], told: str) -> None:
    with pytest.raises(DataError) as raised:
        SetChoice("train", 0.9, **given).sets(found, "x")
    assert told in str(raised.value)


def test_images_are_held_out_of_the_set_train() -> None:
    train, val = (SetChoice(split, 0.75).order(40, whole=True).tolist() for split in ("train", "val"))
    assert len(train) == 30 and sorted(train + val) == list(range(40)) and val != sorted(val)
    assert sorted(SetChoice("test", 0.75).order(40, whole=True).tolist()) == list(range(40))


def test_one_set_is_shared_out() -> None:
    parts = [SetChoice(split, 0.5, 0.25).order(40, whole=False).tolist() for split in THREE]
    assert [len(part) for part in parts] == [15, 15, 10] and sorted(each for part in parts for each in part) == list(
        range(40)
    )
    assert len(SetChoice("test", 0.5).order(40, whole=False)) == 8


def test_a_fixed_part_of_the_images() -> None:
    whole = SetChoice("val", 0.5).order(40, whole=True).tolist()
    assert SetChoice("val", 0.5, samples=5).order(40, whole=True).tolist() == whole[:5]
    assert len(SetChoice("val", 0.1).order(9000, whole=True)) == 1000
    assert len(SetChoice("train", 0.9).order(9000, whole=True)) == 8100


@pytest.mark.parametrize("portion", [0.001, 0.999, 0.0, 1.0])
def test_a_test_portion_that_leaves_nothing(portion: float) -> None:
    with pytest.raises(DataError, match="test_portion"):
        SetChoice("train", 0.9, portion).order(40, whole=False)
