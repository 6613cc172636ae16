from __future__ import annotations

import pytest

from prunekit.model_zoo.num_classes import classes


def test_either_name_or_the_default() -> None:
    assert classes(None, None, 10) == 10
    assert classes(3, None, 10) == 3
    assert classes(None, 7, 10) == 7
    assert classes(4, 4, 10) == 4


def test_names_that_contradict_each_other() -> None:
    with pytest.raises(ValueError, match="class_num is 10 and num_classes is 7; they mean the same, give one"):
        classes(10, 7, 1000)


@pytest.mark.parametrize(("given", "said"), [((0, None), "class_num is 0"), ((None, -1), "num_classes is -1")])
def test_no_number_of_classes(given: tuple[int | None, int | None], said: str) -> None:
    with pytest.raises(ValueError, match=f"{said}; it must be at least 1"):
        classes(*given, 1000)
