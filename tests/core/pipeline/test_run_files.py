"""Files of a run that were edited, damaged or replaced: one line that names file and place."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from prunekit.core.pipeline.errors import RunError
from prunekit.core.pipeline.run_files import ReferenceFile, ReportsFile, ResolvedFile, read_run_file

RESOLVED = {"imports": [], "general": {"backend": "x"}, "pipeline": ["a"], "a": {"trainer": {"epochs": 1}}}
REPORTS = {
    "_steps_": [{"step_name": "a", "status": "finished", "key": "k", "start_time": "now", "message": ""}],
    "a": [{"worker_id": "0", "performance": {"accuracy": 0.5}}],
}
LATENCY = {
    "cost": "latency", "unit": "ms", "original": 2.0, "original_spread": 0.1, "smallest": 1.0, "smallest_spread": 0,
    "conditions": {"batch_size": 1, "threads": 1}, "device": "CPU",
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "value"), [(ResolvedFile, RESOLVED), (ReportsFile, REPORTS), (ReferenceFile, LATENCY)]
)
def test_what_a_run_writes_is_read(tmp_path: Path, kind: type[BaseModel], value: dict[str, Any]) -> None:
    (tmp_path / "x.json").write_text(json.dumps(value))
    assert read_run_file(tmp_path / "x.json", kind) == value


@pytest.mark.parametrize(
    ("kind", "value", "place"),
    [
        (ResolvedFile, {**RESOLVED, "pipeline": None}, "pipeline: "),
        (ResolvedFile, {**RESOLVED, "pipeline": [5]}, "pipeline.0: "),
        (ResolvedFile, {**RESOLVED, "pipeline": ["../x"]}, "pipeline.0: "),
        (ResolvedFile, {**RESOLVED, "pipeline": ["a\0"]}, "pipeline.0: "),
        (ResolvedFile, {**RESOLVED, "a": 5}, "a: "),
        (ResolvedFile, {**RESOLVED, "general": []}, "general: "),
        (ResolvedFile, {**RESOLVED, "imports": [None]}, "imports.0: "),
        (ResolvedFile, {}, "pipeline: "),
        (ReportsFile, {**REPORTS, "_steps_": [5]}, "_steps_.0: "),
        (ReportsFile, {**REPORTS, "_steps_": None}, "_steps_: "),
        (ReportsFile, {**REPORTS, "_steps_": [{"step_name": "a"}]}, "_steps_.0.status: "),
        (ReportsFile, {**REPORTS, "_steps_": [{**REPORTS["_steps_"][0], "status": "well"}]}, "_steps_.0.status: "),
        (ReportsFile, {**REPORTS, "_steps_": [{**REPORTS["_steps_"][0], "step_name": ["a"]}]}, "_steps_.0.step_name: "),
        (ReportsFile, {**REPORTS, "a": None}, "a: "),
        (ReportsFile, {**REPORTS, "a": [{}]}, "a.0.worker_id: "),
        (ReportsFile, {**REPORTS, "a": [{"worker_id": "../0"}]}, "a.0.worker_id: "),
        (ReportsFile, {**REPORTS, "a": [{"worker_id": "0", "performance": 1}]}, "a.0.performance: "),
        (ReferenceFile, {**LATENCY, "original": 0}, "original: "),
        (ReferenceFile, {**LATENCY, "conditions": {"threads": True}}, "conditions.threads"),
        (ReferenceFile, {}, "cost: "),
    ],
)
def test_the_place_is_named(tmp_path: Path, kind: type[BaseModel], value: Any, place: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps(value))
    with pytest.raises(RunError) as caught:
        read_run_file(path, kind)
    said = str(caught.value)
    assert said.startswith(f"{path} is damaged ({place}")
    assert said.endswith("); restore it, or start a new task") and said.isprintable()


@pytest.mark.parametrize("kind", ["folder", "dangling link", "not UTF-8", "empty", "deep"])
def test_what_is_no_file_of_a_run(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "x.json"
    make: dict[str, Callable[[], object]] = {
        "folder": path.mkdir,
        "dangling link": lambda: path.symlink_to("nowhere"),
        "not UTF-8": lambda: path.write_bytes(b"\xff"),
        "empty": path.touch,
        "deep": lambda: path.write_text('{"a": ' + "[" * 10**5 + "]" * 10**5 + "}"),
    }
    make[kind]()
    with pytest.raises(RunError, match=r"x\.json is damaged \(.*\); restore it, or start a new task"):
        read_run_file(path, ReportsFile)
