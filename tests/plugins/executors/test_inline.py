from __future__ import annotations

import pytest
from results import counted

from prunekit.core.data.contract import DataError
from prunekit.core.search import Result
from prunekit.plugins.executors.inline import Inline
from prunekit.registry import Register, RegisterType


def test_it_is_found_by_its_name_and_makes_what_evaluates_once() -> None:
    made = []

    def make():
        made.append(1)
        return lambda trial: counted(trial, 10, measured={"run": 1.0})

    executor = Register.get(RegisterType.EXECUTOR, "inline")(make)
    for number in (3, 4):
        executor.submit(number, number + 1)
        found, result = executor.wait()
        assert (found, result) == (number, counted(number + 1, 10)) and set(result.measured) == {"run", "evaluate"}
    executor.close()
    assert made == [1] and executor.capacity == 1


def test_what_raises_has_failed_but_for_broken_data_and_ctrl_c() -> None:
    def evaluate(trial):
        raise trial

    executor = Inline(lambda: evaluate)
    executor.submit(0, RuntimeError("out of memory"))
    assert executor.wait() == (0, Result("failed", message="RuntimeError: out of memory"))
    for error in (DataError("broken"), KeyboardInterrupt()):
        executor.submit(0, error)
        with pytest.raises(type(error)):
            executor.wait()


def test_what_is_no_result_has_failed() -> None:
    executor = Inline(lambda: lambda trial: None)
    executor.submit(0, None)
    assert executor.wait()[1].status == "failed"
