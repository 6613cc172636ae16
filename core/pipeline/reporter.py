"""Reports progress: a live line on a terminal, lines elsewhere, everything in the log file."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from prunekit.registry.errors import escaped, one_line


class Reporter:
    """Prints to a console and writes to a log file.

    Args:
        console: Where people look.
        log: The log file, appended to; None logs nowhere.
    """

    def __init__(self, console: Console, log: Path | None = None) -> None:
        self.console = console
        self._handler = (
            logging.NullHandler() if log is None else _LogFile(log, encoding="utf-8", errors="backslashreplace")
        )
        self._handler.setFormatter(_Escaping("%(asctime)s %(levelname)s %(message)s"))
        self._logger = logging.Logger("prunekit.run")
        self._logger.addHandler(self._handler)

    def say(self, text: str) -> None:
        """Tell people something, and log it."""
        self._logger.info(text)
        self._print(text)

    def warn(self, text: str) -> None:
        """Tell people of something that they may want to change."""
        self._logger.warning(text)
        self._print(f"warning: {text}", style="yellow")

    def note(self, text: str) -> None:
        """A line for the log; shown too where no live line can be."""
        self._logger.info(text)
        if not self.console.is_terminal:
            self._print(text)

    def log_failure(self) -> None:
        """Log the exception that is being handled, with the traceback that people are not shown."""
        self._logger.exception("failed")

    @contextmanager
    def bar(self, title: str, total: int) -> Iterator[Bar]:
        """A live line that counts to ``total``."""
        columns = (
            TextColumn("{task.description}", markup=False), BarColumn(bar_width=8), MofNCompleteColumn(),
            TimeRemainingColumn(), TextColumn("{task.fields[text]}", markup=False),
        )  # fmt: skip
        with Progress(*columns, console=self.console, disable=not self.console.is_terminal, transient=True) as live:
            yield Bar(live, title, total)

    def _print(self, text: str, style: str | None = None) -> None:
        self.console.print(escaped(text), style=style, markup=False, highlight=False, soft_wrap=True)

    def close(self) -> None:
        """Close the log."""
        with contextlib.suppress(OSError):  # what a full disk does not take of the log's last line
            self._handler.close()


class _Escaping(logging.Formatter):
    """Escapes what would do something to the terminal of who looks at the log; tracebacks keep their lines."""

    def format(self, record: logging.LogRecord) -> str:
        return escaped(super().format(record))


class _LogFile(logging.FileHandler):
    """Drops a line that cannot be written: what failed is told as the run's own error, not as a logging one."""

    def handleError(self, record: logging.LogRecord) -> None:
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)


class Bar:
    """One live line."""

    def __init__(self, live: Progress, title: str, total: int) -> None:
        self._live = live
        self._task = live.add_task(title, total=total, text="")
        self._done = 0

    def advance(self, text: str, replayed: bool = False) -> None:
        """One more is done; ``text`` stands behind the bar.

        One that is ``replayed`` took no time, so it says nothing about the time left.
        """
        self._done += 1
        if replayed:
            self._live.reset(self._task, completed=self._done, text=one_line(text))
        else:
            self._live.update(self._task, completed=self._done, text=one_line(text))
