"""A hook: every episode of a search becomes a line of ``episodes.csv``, beside the step's other files."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from prunekit.core.hooks import SearchInfo, hookimpl
from prunekit.core.search import Record

FILE = "episodes.csv"


@hookimpl
def search_started(search: SearchInfo) -> None:
    _write(search.folder / FILE, "w", ["episode", "status", "reward", search.metric, "seconds", "kept"])


@hookimpl
def episode_end(search: SearchInfo, record: Record) -> None:
    """A search that is gone on with tells the episodes before it once more, so the table is whole again."""
    result, trial = record.result, record.trial
    kept = "" if trial is None else " ".join(map(str, trial.counts))
    seconds = result.measured.get("evaluate", "")
    _write(search.folder / FILE, "a", [record.id, result.status, result.reward, result.value, seconds, kept])


def _write(path: Path, mode: str, row: list[Any]) -> None:
    with path.open(mode, newline="", encoding="utf-8") as file:
        csv.writer(file).writerow(row)
