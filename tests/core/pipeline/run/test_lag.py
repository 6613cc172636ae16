"""A search with several candidates in flight, as a user starts it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Cli = Callable[..., int]
WORDS = ("tiny.yml", "--import", "tinypack", "-t", "t")


@pytest.mark.parametrize(("flags", "lag"), [(("-ps",), 16), ((), 3)])
def test_torn_and_gone_on_with_it_ends_the_same(
    cli: Cli, tiny: str, tmp_path: Path, lasting: Callable[[Path], dict[str, Any]], flags: tuple[str, ...], lag: int
) -> None:
    own = "" if flags else f"    lag: {lag}\n"
    yml = tiny.replace("    train_episode: 8\n", f"    train_episode: 8\n{own}").replace("fully_train]", "]")
    (tmp_path / "tiny.yml").write_text(yml.replace(", ]", "]"))
    task = tmp_path / "tasks/t"
    assert cli(*WORDS, *flags) == 0
    whole, journal = lasting(task), task / "output/nas/journal.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    start, *first = [json.loads(line) for line in lines[: min(lag, 8) + 2]]
    assert start["lag"] == lag and [entry["event"] for entry in first] == [*["ask"] * min(lag, 8), "tell"]
    reports = json.loads((task / "output/reports.json").read_text())
    reports["_steps_"][-1]["status"] = "stopped"
    (task / "output/reports.json").write_text(json.dumps(reports))
    for path in (task / "output/nas").iterdir():
        path.unlink()
    journal.write_bytes(b"".join(lines[:12])[:-30])
    assert cli(*WORDS, *flags, "-r") == 0
    assert lasting(task) == whole
    shutil.rmtree(task)
