"""``reports.json`` and the records of networks that steps leave, in vega's field names."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from prunekit.core.atomic_file import WriteError
from prunekit.core.json_file import JsonError, checked
from prunekit.core.metric import Measured
from prunekit.core.pipeline.errors import RunError
from prunekit.core.pipeline.run_files import NetworkRow, ReportsFile, read_run_file
from prunekit.core.pipeline.run_folder import RunFolder, write_csv, write_json
from prunekit.core.search.trial import Result

_RECORDS = TypeAdapter(list[NetworkRow])
_KINDS = ("desc", "model", "performance")


def now() -> str:
    """The time as reports write it."""
    return datetime.now().strftime("%Y-%m-%d %H:%M:%S")


def tested_figures(metric: str, found: Measured) -> dict[str, Any]:
    """What reports say of a network's metric on the test split."""
    figures = {f"test_{name}": value for name, value in found.figures.items()}
    return {metric: found.value, f"{metric}_error": found.error, **figures}


def held_out_figures(result: Result) -> dict[str, Any]:
    """What reports say of a trial's result on the held-out images."""
    return {"reward": result.reward, **(dict(result.metric.figures) if result.metric is not None else {})}


def record(
    step: str, number: str, files: Mapping[str, str], performance: Mapping[str, Any], metric: str
) -> dict[str, Any]:
    """One network of a step, judged by a metric, whose value is among its figures."""
    return {
        "step_name": step,
        "worker_id": number,
        **files,
        "performance": dict(performance),
        "objective_keys": [metric],
        "status": "finished",
        "message": "",
    }


def write_step(folder: Path, records: Sequence[Mapping[str, Any]]) -> None:
    """Write ``performance_<id>.json`` for each network and ``output.csv`` for all of them.

    Files of networks that are no longer among them (the search went on and found better ones) are removed.
    """
    kept = {f"{kind}_{each['worker_id']}" for kind in _KINDS for each in records}
    for kind in _KINDS:
        for path in folder.glob(f"{kind}_*"):
            if path.stem not in kept:
                path.unlink()
    for each in records:
        write_json(folder / f"performance_{each['worker_id']}.json", each["performance"])
    keys = list(dict.fromkeys(key for each in records for key in each["performance"]))
    rows = [
        [each["worker_id"], *(each["performance"].get(key, "") for key in keys), each["desc_file"]] for each in records
    ]
    write_csv(folder / "output.csv", ["worker_id", *keys, "desc"], rows)


def check_records(records: Any) -> None:
    """Make sure that what a step returns can be written and read again.

    Raises:
        RunError: It cannot.
    """
    try:
        checked(_RECORDS, records)
        json.dumps(records, allow_nan=False)
    except (JsonError, ValueError, TypeError) as problem:
        raise RunError(f"the step's records of its networks cannot be kept: {problem}") from problem


class Reports:
    """``output/reports.json``: what every step did, rewritten after each of them."""

    def __init__(self, folder: RunFolder) -> None:
        self.path = folder.output / "reports.json"
        self._content: dict[str, Any] = {"_steps_": []}
        if os.path.lexists(self.path):
            self._content = read_run_file(self.path, ReportsFile)

    def finished(self, step: str, key: str) -> bool:
        """Whether a step has ended well, for the same settings (``key``)."""
        return any(s["step_name"] == step and s["status"] == "finished" and s["key"] == key for s in self._steps)

    def records(self, step: str) -> list[dict[str, Any]]:
        """The networks that a step left."""
        return list(self._content.get(step, []))

    def has_finished(self, step: str) -> bool:
        """Whether a step has ended well, for whatever settings."""
        return any(s["step_name"] == step and s["status"] == "finished" for s in self._steps)

    def begun(self, step: str, begun_key: str) -> bool:
        """Whether a step was begun, and perhaps killed, with the same settings but for those that it looks at last."""
        return any(s["step_name"] == step and s.get("begun_key") == begun_key for s in self._steps)

    def rename_keys(self, old: Mapping[str, tuple[str, str]], new: Mapping[str, tuple[str, str]]) -> None:
        """Know the settings of steps by other keys, until `save`: an older version said the same in other words."""
        for each in self._steps:
            before = old.get(each["step_name"], ("", ""))
            after = new.get(each["step_name"], before)
            each["key"] = after[0] if each["key"] == before[0] else each["key"]
            each["begun_key"] = after[1] if each.get("begun_key") == before[1] else each.get("begun_key", "")

    def save(self) -> None:
        """Write what is known."""
        self._write()

    def begin(self, step: str, keys: tuple[str, str], later: Sequence[str]) -> None:
        """A step begins; what it and ``later`` steps left before is no longer theirs."""
        gone = {step, *later}
        self._content = {name: value for name, value in self._content.items() if name not in gone}
        self._content["_steps_"] = [s for s in self._steps if s["step_name"] not in gone]
        row = {"step_name": step, "start_time": now(), "status": "running", "message": ""}
        self._steps.append({**row, "key": keys[0], "begun_key": keys[1]})
        self._write()

    def end(self, step: str, records: Sequence[Mapping[str, Any]]) -> None:
        """A step has ended well."""
        self._content[step] = list(records)
        models = [r["worker_id"] for r in records if r["worker_id"] != "original"]
        self._update(step, status="finished", end_time=now(), num_models=len(models), best_models=models)

    def fail(self, step: str, status: str, message: str) -> None:
        """A step was stopped or failed; where not even that can be written, what failed is the error to tell."""
        with contextlib.suppress(OSError, WriteError):
            self._update(step, status=status, end_time=now(), message=message)

    def _update(self, step: str, **values: Any) -> None:
        for each in self._steps:
            if each["step_name"] == step:
                each.update(values)
        self._write()

    @property
    def _steps(self) -> list[dict[str, Any]]:
        steps: list[dict[str, Any]] = self._content["_steps_"]
        return steps

    def _write(self) -> None:
        write_json(self.path, self._content)
