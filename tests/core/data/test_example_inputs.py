from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from prunekit.core.data.example_inputs import InputSpec, InputsSpec, first_sample, inputs_of

ADAPTER: TypeAdapter[Any] = TypeAdapter(InputsSpec)


def made(value: Any) -> Any:
    return inputs_of(ADAPTER.validate_python(value))


def test_a_list_is_positional_and_names_are_keywords() -> None:
    image, ids = made([{"shape": [1, 3, 4, 4]}, {"shape": [1, 16], "dtype": "int64", "high": 100}])
    assert image.shape == (1, 3, 4, 4) and image.dtype == np.float32 and 0 <= image.min() < image.max() < 1
    assert ids.shape == (1, 16) and ids.dtype == np.int64 and 0 <= ids.min() < 50 < ids.max() < 100
    named = made({"x": {"shape": [2]}, "y": {"shape": [2]}})
    assert [*named] == ["x", "y"] and not np.array_equal(named["x"], named["y"])
    assert made({"shape": [2, 3], "dtype": "float64"}).dtype == np.float64
    assert isinstance(made([{"shape": [2]}]), tuple)
    assert made({"shape": {"shape": [4]}})["shape"].shape == (4,)  # an argument may be called so


def test_the_numbers_are_the_same_every_time_and_within_the_bounds() -> None:
    spec = [{"shape": [50], "low": -3, "high": 5.5}, {"shape": [50], "dtype": "uint8", "low": 7, "high": 9}]
    for first, again in zip(made(spec), made(spec), strict=True):
        assert np.array_equal(first, again)
    numbers, whole = made(spec)
    assert -3 <= numbers.min() < -1 and 4 < numbers.max() < 5.5
    assert set(whole) == {7, 8} and whole.dtype == np.uint8
    assert set(made({"shape": [50], "dtype": "bool"})) == {False, True}
    assert made({"shape": [3], "dtype": "bool", "low": 1}).all()
    assert made({"shape": [], "dtype": "int32", "low": 4, "high": 5}) == 4


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"shape": [2], "dtype": "int64"}, "whole numbers need a bound: say high, the number that they stay below"),
        ({"shape": [2], "dtype": "int8", "high": 200}, "int8 has no numbers from 0 to below 200"),
        ({"shape": [2], "dtype": "uint8", "low": -1, "high": 2}, "uint8 has no numbers from -1 to below 2"),
        ({"shape": [2], "dtype": "bool", "high": 3}, "bool has no numbers from 0 to below 3"),
        ({"shape": [2], "dtype": "int64", "high": 2.5}, "low 0 and high 2.5 must be whole numbers for the type int64"),
        ({"shape": [2], "low": 1}, "low 1 must be below high 1"),
        ({"shape": [2], "dtype": "float16", "high": 1e5}, "float16 has no numbers from 0 to below 100000.0"),
        ({"shape": [-1]}, "greater than or equal to 0"),
        ({"shape": [2], "high": float("nan")}, "finite number"),
    ],
)
def test_bounds_that_make_no_sense(spec: Any, message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        InputSpec.model_validate(spec)
    assert message in str(caught.value)


def test_the_widest_bounds_of_a_type() -> None:
    for dtype, low, high in (("int64", -(2**63), 2**63), ("uint64", 0, 2**64)):
        found = made({"shape": [9], "dtype": dtype, "low": low, "high": high})
        assert found.dtype == dtype and len(set(found.tolist())) == 9


def test_more_than_there_is_memory_for() -> None:
    with pytest.raises(ValueError, match=r"no memory for inputs of the shape \[10+, 10+, 10+\]"):
        made({"shape": [10**9] * 3})


def test_the_first_sample() -> None:
    image, words = np.arange(6).reshape(2, 3), np.arange(8).reshape(2, 4)
    found = first_sample({"a": image, "b": (words, [image, image])})
    assert found["a"].tolist() == [[0, 1, 2]] and found["b"][0].tolist() == [[0, 1, 2, 3]]
    assert len(found["b"][1]) == 1 and found["b"][1][0] is image
    for whole in ((image, words[:1]), (image, np.float32(1)), image[:1], (image, [image])):
        assert first_sample(whole) is whole
