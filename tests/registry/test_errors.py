from __future__ import annotations

import pytest

from prunekit.registry.errors import first_line, reason


@pytest.mark.parametrize(
    ("problem", "line"),
    [
        (ValueError("no such axis"), "no such axis"),
        (RuntimeError("\n  Failed to run  \n\n---- C++ stack ----\nat x.cc:3"), "Failed to run"),
        (KeyError("name"), "'name'"),
        (ValueError(3), "3"),
    ],
)
def test_the_first_line_of_what_an_error_says(problem: Exception, line: str) -> None:
    assert first_line(problem) == reason(problem) == line


@pytest.mark.parametrize("problem", [AssertionError(), AssertionError(""), AssertionError(" \n ")])
def test_an_error_that_says_nothing_is_told_by_its_class(problem: Exception) -> None:
    assert first_line(problem) == "" and reason(problem) == "AssertionError"
