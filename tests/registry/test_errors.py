from __future__ import annotations

from pathlib import Path

import pytest

from prunekit.registry.errors import described, escaped, first_line, one_line, quoted, reason


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


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("conv.weight", "conv.weight"),
        ("层.权重", "层.权重"),
        (Path("a folder/x.pth"), "a folder/x.pth"),
        ("a\nerror: b", r"a\nerror: b"),
        ("\x1b[2J\x07\r\t\x9b", r"\x1b[2J\x07\r\t\x9b"),
        ("user\u202egpj.exe\u2066", r"user\u202egpj.exe\u2066"),
        ("\udcff\u2028\u200b\x00", r"\udcff\u2028\u200b\x00"),
    ],
)
def test_anothers_text_on_one_line(text: object, shown: str) -> None:
    assert one_line(text) == shown


@pytest.mark.parametrize("text", ["x" * 5_000_000 + "y", "\x1b" * 300 + "y", "\U000e0001" * 199 + "y"])
def test_a_long_text_loses_its_middle_visibly(text: str) -> None:
    shown = one_line(text)
    assert len(shown) == 200 and " ... " in shown and shown.endswith("y") and shown.isprintable()
    assert len(one_line(text, most=50)) == 50


def test_of_a_message_the_lines_are_kept() -> None:
    assert escaped("two\n  lines") == "two\n  lines"
    assert escaped("two\n\x1b]0;title\x07 lines\udc80\n") == "two\n\\x1b]0;title\\x07 lines\\udc80\n"


@pytest.mark.parametrize(
    ("problem", "told"),
    [
        (ValueError("no such axis"), "ValueError: no such axis"),
        (RuntimeError("sizes differ:\n\t3 and 4"), "RuntimeError: sizes differ: 3 and 4"),
        (ValueError("\x1b[31mred\x1b[0m"), r"ValueError: \x1b[31mred\x1b[0m"),
        (AssertionError(), "AssertionError"),
    ],
)
def test_another_codes_error_is_told_with_its_class(problem: Exception, told: str) -> None:
    assert described(problem) == told


def test_a_long_message_keeps_both_ends() -> None:
    told = described(ValueError("first" + "x" * 10_000 + "last"))
    assert len(told) == 500 + len("ValueError: ") and told.startswith("ValueError: first") and told.endswith("last")


class _Mute(Exception):
    def __str__(self) -> str:
        raise SystemExit(0)

    __repr__ = __str__


class _Odd(Exception):
    def __str__(self) -> str:
        return 3  # type: ignore[return-value]


class _Text(str):
    def splitlines(self, keepends: bool = False) -> list[str]:
        raise RuntimeError

    strip = split = isprintable = splitlines  # type: ignore[assignment]


class _Sly(Exception):
    def __str__(self) -> str:
        return _Text("plain words")


def test_errors_whose_text_cannot_be_had() -> None:
    assert described(_Mute()) == "_Mute: (_Mute, whose __str__ raises SystemExit)"
    assert reason(_Mute()) == quoted(_Mute()).replace("repr", "str") == "(_Mute, whose __str__ raises SystemExit)"
    assert described(_Odd()) == "_Odd: (_Odd, whose __str__ raises TypeError)"
    assert described(_Sly()) == "_Sly: plain words" and first_line(_Sly()) == one_line(_Text("plain words"))


def test_ctrl_c_while_an_error_speaks_is_not_swallowed() -> None:
    class Slow(Exception):
        def __str__(self) -> str:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        described(Slow())
