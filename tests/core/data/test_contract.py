from __future__ import annotations

import numpy as np
import pytest

from prunekit.core.data import Collating, DataError, as_call, default_collate


def test_as_call_spreads_tuples_and_dicts_only() -> None:
    image = np.zeros((1, 3))
    assert as_call(image) == ((image,), {})
    assert as_call((image, 2)) == ((image, 2), {})
    assert as_call({"x": image}) == ((), {"x": image})
    images = [image, image]
    args, kwargs = as_call(images)
    assert args[0] is images and len(args) == 1 and kwargs == {}


def test_default_collate_stacks_nested_structures() -> None:
    samples = [({"a": np.full(2, i, np.float32), "b": (np.int64(i), i)}, i) for i in range(3)]
    inputs, target = default_collate(samples)
    assert inputs["a"].dtype == np.float32 and inputs["a"].tolist() == [[0, 0], [1, 1], [2, 2]]
    assert [part.tolist() for part in inputs["b"]] == [[0, 1, 2], [0, 1, 2]]
    assert target.tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (np.zeros((3, 4)), np.zeros((3, 5)), r"\(3, 4\) and \(3, 5\) cannot be stacked"),
        ({"a": 1}, {"b": 1}, "different keys"),
        ((1, 2), (1,), "different lengths"),
        ([np.zeros(2), np.zeros(3)], [np.zeros(2), np.zeros(3)], "give several inputs as a tuple"),
    ],
)
def test_default_collate_says_what_differs(first: object, second: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        default_collate([(first, 0), (second, 0)])


def test_collating_is_found_by_its_method() -> None:
    class Own:
        def collate(self, samples: object) -> object:
            return samples

    assert isinstance(Own(), Collating) and not isinstance(object(), Collating)
