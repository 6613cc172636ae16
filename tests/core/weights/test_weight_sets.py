"""The sets of weights in what was read of a file, and which of them are looked at."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from prunekit.core.weights import WeightsError
from prunekit.core.weights.weight_sets import chosen_sets, weight_sets

W = {"a.weight": np.zeros(2), "b": np.ones(1)}


def keys(content: dict[Any, Any], key: str | None = None) -> list[str]:
    return [each.key for each in chosen_sets("w", weight_sets("w", content), key)]


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (W, [""]),
        ({"epoch": 3, "model": W, "note": "x"}, ["model"]),
        ({"ema": W, "other": W, "net": W, "state_dict": W}, ["state_dict", "net", "other", "ema"]),
        ({"state_dict_ema": W, "model": W, "model_ema": W, "params_ema": W, "swa_model": W},
         ["model", "state_dict_ema", "model_ema", "params_ema", "swa_model"]),
        ({"schema": W, "tema": W}, ["schema", "tema"]),  # no averages
        ({"loss": np.zeros(1), "model": W}, ["", "model"]),
        ({"checkpoint": {"model": W}}, ["checkpoint.model"]),
        ({"optimizer": {"state": W}, "model": W, "grad_scaler": W, "lr_schedulers": [W], 3: W}, ["model"]),
        ({**W, "ema.a.weight": np.zeros(2)}, ["", "", "ema"]),
    ],
)  # fmt: skip
def test_the_likeliest_comes_first(content: dict[Any, Any], found: list[str]) -> None:
    assert keys(content) == found


def test_a_key() -> None:
    content = {"checkpoint": {"model": W, "ema": W}, "student": {"net.a": np.zeros(1)}}
    assert keys(content, "checkpoint.ema") == ["checkpoint.ema"] == keys(content, "ema")
    assert keys(content, "net") == ["student.net"]
    with pytest.raises(WeightsError, match=r"^w has no weights under 'emma'; there are checkpoint\.model, student, "):
        keys(content, "emma")


def test_dicts_that_are_in_each_other_come_to_an_end() -> None:
    content: dict[str, Any] = {"w": np.zeros(1)}
    content["again"] = content
    assert len(keys(content)) == 9
    for name in "abcdefgh":
        content[name] = content
    with pytest.raises(WeightsError, match=r"^w holds more than 100000 dicts in dicts"):
        keys(content)
