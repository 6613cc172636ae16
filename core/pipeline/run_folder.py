"""The folder of a run, in vega's layout; every file is written atomically."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from prunekit.core.atomic_file import sweep, write_text
from prunekit.core.pipeline.errors import RunError
from prunekit.core.pipeline.run_files import ResolvedFile, read_run_file


class RunFolder:
    """``<local_base_path>/<task_id>/`` with ``output/``, ``workers/`` and ``logs/``, and ``cache/`` while a step runs.

    Args:
        root: The folder of the task.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.output = root / "output"
        self.summary = self.output / "summary.json"
        self.log = root / "logs" / "pipeline.log"
        self._resolved = self.output / "resolved.json"
        self._lock: IO[str] | None = None

    def open(self, config: Path, resume: bool) -> None:
        """Begin a task, or go on with one.

        One process at a time; ``close`` lets the next one in. What killed processes left half written is removed.

        Raises:
            RunError: There is no task to go on with; the task is there and ``resume`` is not asked for; another process
                is at it; the folder cannot be written.
        """
        if self.root.exists() and not resume:
            raise RunError(
                f"task {self.root.name} is already there ({self.root}); add -r to go on with it, or choose another -t"
            )
        if resume and not self.root.exists():
            raise RunError(f"there is no task {self.root.name} to go on with{_others(self.root.parent)}")
        if resume and self._is_strange(config):
            raise RunError(
                f"{self.root} is not the folder of a task (it has no output/resolved.json); nothing was changed"
            )
        try:
            self.root.mkdir(parents=True, exist_ok=resume)
            self._take_lock()
            self.log.parent.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise RunError(
                f"the task's folder {self.root} cannot be written: {problem.strerror}; mend that, or name another place"
                " as general.task.local_base_path"
            ) from problem
        sweep(self.root)
        self.clear_cache()

    def begun_with(self) -> dict[str, Any] | None:
        """The resolved configuration that the task was begun with; None where it begins now.

        Raises:
            RunError: The file is damaged.
        """
        return read_run_file(self._resolved, ResolvedFile) if os.path.lexists(self._resolved) else None

    def begin_with(self, config: Path, resolved: Mapping[str, Any]) -> None:
        """Keep the yml and what it was resolved to."""
        write_text(self.output / config.name, config.read_text(encoding="utf-8"))
        write_json(self._resolved, resolved)

    def close(self) -> None:
        """Let another process go on with the task."""
        if self._lock is not None:
            self._lock.close()

    def _is_strange(self, config: Path) -> bool:
        """Whether files lie here that no task, not even one that was killed as it began, has left."""
        begun = (self.root / ".lock", self.log, self.output / config.name)
        parts = (path for path in self.root.rglob("*") if path.is_file() and path.suffix != ".part")
        return not os.path.lexists(self._resolved) and any(path not in begun for path in parts)

    def has_files_of(self, step: str) -> bool:
        """Whether a step has computed anything."""
        folders = (self.output / step, self.root / "workers" / step)
        return any(path.is_file() for folder in folders for path in folder.rglob("*"))

    def _take_lock(self) -> None:
        try:
            import fcntl
        except ImportError:  # Windows: nobody is kept out
            return
        self._lock = (self.root / ".lock").open("a")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as problem:
            self.close()
            raise RunError(f"another process is at task {self.root.name} ({self.root}); wait for it or stop it") from (
                problem
            )

    def journal(self, step: str) -> Path:
        """The journal of a step that searches."""
        return self.output / step / "journal.jsonl"

    def step(self, name: str) -> Path:
        """The output folder of a step."""
        path = self.output / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def worker(self, step: str, number: str) -> Path:
        """Where one network of a step keeps what is needed to go on with it."""
        path = self.root / "workers" / step / number
        path.mkdir(parents=True, exist_ok=True)
        return path

    def cache(self, step: str) -> Path:
        """Where a step keeps what can be made again, for as long as it runs."""
        return self.root / "cache" / step

    def clear_cache(self) -> None:
        """Remove all that can be made again."""
        shutil.rmtree(self.root / "cache", ignore_errors=True)  # some systems keep a file while it is mapped

    def clear_workers(self, step: str) -> None:
        """Remove what is needed to go on with a step: it has ended, or is to begin anew."""
        path = self.root / "workers" / step
        if path.exists():
            shutil.rmtree(path)


def _others(tasks: Path) -> str:
    names = sorted(path.name for path in tasks.iterdir() if path.is_dir()) if tasks.is_dir() else []
    return f"; {tasks} has {', '.join(names)}" if names else f"; {tasks} has none"


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file that people can read; what is no UTF-8, in a file's name say, is escaped."""
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    write_text(path, text.encode("utf-8", "backslashreplace").decode())


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a table."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    write_text(path, text.getvalue())
