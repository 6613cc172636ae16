from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from prunekit.core.pipeline.resuming import Dependence, differences, step_keys


def test_differences() -> None:
    before = {"pipeline": ["a", "b"], "nas": {"search_algorithm": {"train_episode": 5, "lbound": 0.1, "x": None}}}
    assert differences(before, json.loads(json.dumps(before))) == []
    longer = {**before, "nas": {"search_algorithm": {"train_episode": 6, "lbound": 0.1}}}
    assert differences(before, longer) == []
    other = {"pipeline": ["a"], "nas": {"search_algorithm": {"train_episode": 4, "lbound": 0.1, "new": 1}}}
    assert differences(before, other) == [
        "pipeline: ['a', 'b'] -> ['a']",
        "nas.search_algorithm.train_episode: 5 -> 4",
        "nas.search_algorithm.new: (nothing) -> 1",
    ]


BLOCK = {
    "dataset": {"train": {"noise": 1, "num_workers": 2}, "test": {"noise": 1, "num_workers": 2}},
    "search_algorithm": {"train_episode": 5, "plot_train_curve": True},
    "trainer": {"epochs": 1},
}
LATE = Dependence(late=frozenset({"dataset.test"}))


def _changed(*keys: str) -> dict[str, Any]:
    block = copy.deepcopy(BLOCK)
    inner: Any = block
    for key in keys[:-1]:
        inner = inner[key]
    inner[keys[-1]] = 9
    return block


def test_what_a_step_depends_on_while_it_is_at_work_and_later() -> None:
    assert LATE.settings(BLOCK, finished=False) == {
        "dataset": {"train": {"noise": 1}}, "search_algorithm": {"train_episode": 5}, "trainer": {"epochs": 1},
    }  # fmt: skip
    assert LATE.settings(BLOCK, finished=True)["dataset"] == {"train": {"noise": 1}, "test": {"noise": 1}}
    assert LATE.settings(None, finished=True) is None


@pytest.mark.parametrize(
    ("keys", "finished", "begun"),
    [
        (("dataset", "train", "num_workers"), True, True),
        (("search_algorithm", "plot_train_curve"), True, True),
        (("dataset", "test", "noise"), False, True),
        (("dataset", "train", "noise"), False, False),
        (("trainer", "epochs"), False, False),
    ],
)
def test_keys_of_steps(keys: tuple[str, ...], finished: bool, begun: bool) -> None:
    """Of the step itself; of the one after it both hold what the first one's finished results depend on."""
    depends = {"a": LATE, "b": Dependence()}
    before = step_keys({"pipeline": ["a", "b"], "a": BLOCK, "b": BLOCK}, depends)
    after = step_keys({"pipeline": ["a", "b"], "a": _changed(*keys), "b": BLOCK}, depends)
    assert [one == other for one, other in zip(before["a"], after["a"], strict=True)] == [finished, begun]
    assert [one == other for one, other in zip(before["b"], after["b"], strict=True)] == [finished, finished]


def test_differences_are_one_short_line_each() -> None:
    (line,) = differences({"a": {"x\x1b": "y" * 500}}, {"a": {"x\x1b": 1}})
    assert line.isprintable() and len(line) < 150
    assert differences({"a.search_algorithm.train_episode": "5"}, {"a.search_algorithm.train_episode": 6})


def test_the_lag_may_not_change() -> None:
    (line,) = differences({"nas": {"search_algorithm": {"lag": 1}}}, {"nas": {"search_algorithm": {"lag": 16}}})
    why = "where the yml says none, general.parallel_search decides"
    assert line == f"nas.search_algorithm.lag: 1 -> 16 ({why})"
