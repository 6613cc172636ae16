from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from prunekit.core.pipeline.reporter import Reporter

TEXT = "best 0.1234, now 0.1200, accuracy 91.2%, flops 39.8%"


def _reporter(tmp_path: Path, terminal: bool, width: int = 80) -> tuple[Reporter, io.StringIO]:
    shown = io.StringIO()
    console = Console(file=shown, force_terminal=terminal, width=width, color_system=None, legacy_windows=False)
    return Reporter(console, tmp_path / "log"), shown


def test_a_live_line_on_a_terminal(tmp_path: Path) -> None:
    reporter, shown = _reporter(tmp_path, terminal=True)
    with reporter.bar("nas", 40) as bar:
        for _ in range(3):
            bar.advance(TEXT)
            reporter.note("a line for the log")
        bar._live.refresh()
    reporter.close()
    last = [line for line in re.split(r"[\r\n]", shown.getvalue()) if TEXT in line][-1]
    assert re.search(r"nas .* 3/40 .*(\d+:\d\d:\d\d|-:--:--)", last)  # which, how many, how long still
    assert "a line for the log" not in shown.getvalue()
    assert (tmp_path / "log").read_text().count("a line for the log") == 3


def test_plain_lines_elsewhere(tmp_path: Path) -> None:
    reporter, shown = _reporter(tmp_path, terminal=False, width=40)
    with reporter.bar("nas", 2) as bar:
        bar.advance(TEXT)
        reporter.note("a line that is longer than the forty columns of this console")
    reporter.say("[bold]no markup[/bold] and " + "no wrapping " * 9)
    reporter.warn("[/broken] " * 9)
    reporter.close()
    assert shown.getvalue().splitlines() == [
        "a line that is longer than the forty columns of this console",
        "[bold]no markup[/bold] and " + "no wrapping " * 9,
        "warning: " + "[/broken] " * 9,
    ]
    assert (tmp_path / "log").read_text().count("\n") == 3


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_brackets_and_narrow_terminals(tmp_path: Path, width: int) -> None:
    reporter, shown = _reporter(tmp_path, terminal=True, width=width)
    with reporter.bar("[/x] nas", 3) as bar:
        bar.advance("failed: [/bold] [red]")
        bar._live.refresh()
    reporter.close()
    assert all(len(line) <= width for line in re.sub(r"\x1b\[[\d?]*\w", "", shown.getvalue()).splitlines())


def test_replayed_episodes_say_nothing_about_the_time_left(tmp_path: Path) -> None:
    reporter, _ = _reporter(tmp_path, terminal=True)
    with reporter.bar("nas", 1000) as bar:
        for _ in range(500):
            bar.advance(TEXT, replayed=True)
        task = bar._live.tasks[0]
        assert (task.completed, task.speed) == (500, None)
        bar.advance(TEXT)
        assert task.completed == 501
    reporter.close()


def test_a_failure_is_logged_with_its_traceback(tmp_path: Path) -> None:
    reporter, shown = _reporter(tmp_path, terminal=False)
    try:
        raise ValueError("why")
    except ValueError:
        reporter.log_failure()
    reporter.close()
    assert "Traceback" in (tmp_path / "log").read_text() and shown.getvalue() == ""


def test_neither_the_terminal_nor_the_log_gets_control_characters(tmp_path: Path) -> None:
    reporter, shown = _reporter(tmp_path, terminal=False)
    reporter.say("a name\x1b[2J\nand \udc80")
    reporter.warn("\u202eabc")
    try:
        raise ValueError("\x1b]0;title\x07")
    except ValueError:
        reporter.log_failure()
    reporter.close()
    assert shown.getvalue() == "a name\\x1b[2J\nand \\udc80\nwarning: \\u202eabc\n"
    logged = (tmp_path / "log").read_text(encoding="utf-8")
    assert "ValueError: \\x1b]0;title\\x07\n" in logged and logged.replace("\n", "").isprintable()


def test_the_log_takes_a_name_that_is_no_utf8(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reporter, _ = _reporter(tmp_path, terminal=True)
    reporter.note("a\udcffb")
    reporter.close()
    assert "a\\udcffb" in (tmp_path / "log").read_text() and capsys.readouterr().err == ""
