"""Everything of a run that has to be the same however often it was interrupted."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        times = ("start_time", "end_time", "measured", "check")  # the last is made of all that stands in a line
        return {k: _timeless(v) for k, v in value.items() if k not in times}
    return [_timeless(item) for item in value] if isinstance(value, list) else value


def _lasting(task: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for path in sorted(path for path in (task / "output").rglob("*") if path.is_file()):
        name = path.relative_to(task).as_posix()
        if path.name == "journal.jsonl":
            found[name] = [_timeless(json.loads(line)) for line in path.read_text().splitlines()]
        elif path.name == "reports.json":
            found[name] = _timeless(json.loads(path.read_text()))
        elif path.name == "summary.json":
            rows = json.loads(path.read_text())
            found[name] = [{k: v for k, v in row.items() if not k.startswith("latency")} for row in rows]
        elif path.suffix != ".png":
            found[name] = path.read_bytes()
    return found


@pytest.fixture(scope="session")
def lasting() -> Callable[[Path], dict[str, Any]]:
    """For a task's folder: every file's content but for times and measurements."""
    return _lasting
