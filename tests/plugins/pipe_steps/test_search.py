"""What a search does beyond the ordinary run, which tests/core/pipeline shows."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

Cli = Callable[..., int]
Finished = tuple[Path, subprocess.CompletedProcess[str]]
USE = ("--import", "tinypack")


def test_sampled_networks_are_fine_tuned(cli: Cli, tiny: str, tmp_path: Path) -> None:
    """``trainer.epochs`` of the search step; 0 epochs are none."""
    text = tiny.replace("[pretrain, nas, fully_train]", "[pretrain, nas]").replace(
        "train_episode: 8", "train_episode: 2"
    )
    found = {}
    for epochs in (None, 0, 2):
        trainer = "" if epochs is None else f"  trainer: {{type: Trainer, epochs: {epochs}}}\n"
        (tmp_path / "x.yml").write_text(text.replace("fully_train:\n", f"{trainer}fully_train:\n"))
        assert cli("x.yml", *USE, "-t", f"e{epochs}") == 0
        lines = (tmp_path / f"tasks/e{epochs}/output/nas/journal.jsonl").read_text().splitlines()
        found[epochs] = [json.loads(line) for line in lines if '"tell"' in line]
    assert [t["result"] for t in found[None]] == [t["result"] for t in found[0]] != [t["result"] for t in found[2]]
    assert all("fine_tune" in tell["measured"] for tell in found[2])


def test_a_truncated_journal_line_is_done_again(finished: Finished, cli: Cli, tmp_path: Path) -> None:
    shutil.copytree(finished[0], tmp_path, dirs_exist_ok=True)
    task = tmp_path / "tasks/t"
    journal = task / "output/nas/journal.jsonl"
    whole = [json.loads(line) for line in journal.read_text().splitlines()]
    journal.write_bytes(journal.read_bytes()[:-40])
    reports = json.loads((task / "output/reports.json").read_text())
    reports["_steps_"][1]["status"] = "running"
    (task / "output/reports.json").write_text(json.dumps(reports))
    assert cli("tiny.yml", *USE, "-t", "t", "-r") == 0
    again = [json.loads(line) for line in journal.read_text().splitlines()]
    assert again[-1]["result"]["metric"] == whole[-1]["result"]["metric"]
    assert [e["event"] for e in again] == [e["event"] for e in whole]
