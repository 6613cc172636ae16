"""What the steps do beyond the ordinary run, which tests/core/pipeline shows."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from prunekit.core.search.trial import Record, Result, Trial
from prunekit.plugins.pipe_steps.messages import line, short

Cli = Callable[..., int]
Said = pytest.CaptureFixture[str]
Finished = tuple[Path, subprocess.CompletedProcess[str]]
USE = ("--import", "tinypack")
OTHER = """\
general: {{backend: BACKEND}}
pipeline: [{step}]
{step}:
  pipe_step: {{type: {type}{folder}}}
  dataset: {{type: TinyLights, common: {{batch_size: 32}}}}
""".replace("BACKEND", os.environ["PRUNEKIT_TEST_BACKEND"])
TRAINER = "  trainer: {type: Trainer, epochs: 1}\n"


def _record(result: Result, shares: dict[str, float] | None) -> Record:
    trial = None if shares is None else Trial(4, (1,), (0.5,), shares, True, None)  # type: ignore[arg-type]
    return Record(4, trial, result)


def test_lines_of_an_episode() -> None:
    good = _record(Result("ok", 9, 10, 0.5, -0.25), {"flops": 0.5, "params": 0.123})
    assert line(good) == "episode 5: reward -0.2500, accuracy 90.00%, flops 50.0%, params 12.3%"
    assert short(good, [good]) == "best -0.2500, now -0.2500, accuracy 90.0%, flops 50.0%, params 12.3%"
    unlearnt = _record(Result("ok", 9, 10, 0.5, -0.25, "not learnt from: X: y\nz"), {"flops": 0.5})
    assert line(unlearnt).endswith("flops 50.0%, not learnt from: X: y z")
    failed = _record(Result("failed", message="E: a\nb"), {"flops": 0.5})
    assert line(failed) == "episode 5: failed, flops 50.0%, E: a b"
    assert short(failed, []) == "now failed: E: a b"
    assert line(_record(Result("failed", message="asking failed: E"), None)) == "episode 5: failed, asking failed: E"


def test_networks_of_another_task_are_trained(finished: Finished, cli: Cli, tmp_path: Path) -> None:
    nas = finished[0] / "tasks/t/output/nas"
    folder = f", models_folder: {nas}"
    (tmp_path / "x.yml").write_text(OTHER.format(step="more", type="TrainPipeStep", folder=folder) + TRAINER)
    assert cli("x.yml", *USE, "-t", "x") == 0
    trained = {path.name for path in (tmp_path / "tasks/x/output/more").glob("desc_*")}
    assert trained == {path.name for path in nas.glob("desc_*")} - {"desc_original.json"}


def test_a_folder_without_networks(cli: Cli, capsys: Said, tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    text = OTHER.format(step="more", type="TrainPipeStep", folder=", models_folder: none")
    (tmp_path / "x.yml").write_text(text + TRAINER)
    assert cli("x.yml", *USE) == 2
    assert "no desc_*.json of a network in none" in capsys.readouterr().err


def test_a_described_network_is_trained_and_searched(
    finished: Finished, cli: Cli, capsys: Said, tmp_path: Path
) -> None:
    nas = finished[0] / "tasks/t/output/nas"
    model = "  model: {{model_desc_file: {}}}\n"
    text = OTHER.format(step="more", type="TrainPipeStep", folder="")
    pruned = next(path for path in nas.glob("desc_*.json") if path.stem != "desc_original")
    (tmp_path / "x.yml").write_text(text + model.format(pruned) + TRAINER)
    assert cli("x.yml", *USE, "-t", "x") == 0
    found = json.loads((tmp_path / "tasks/x/output/more/desc_0.json").read_text())
    assert found["plan"] == json.loads(pruned.read_text())["plan"]
    text = (
        OTHER.format(step="nas", type="SearchPipeStep", folder="")
        + "  search_algorithm: {type: uniform, budget: 'flops <= 0.5', lbound: 0.1, channel_round: 1}\n"
    )
    (tmp_path / "y.yml").write_text(text + model.format(nas / "desc_original.json"))
    assert cli("y.yml", *USE, "-t", "y") == 0
    (tmp_path / "z.yml").write_text(text + model.format(pruned))
    assert cli("z.yml", *USE, "-t", "z") == 2
    assert "the network is pruned already; search on the original network instead" in capsys.readouterr().err


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
    assert again[-1]["result"]["correct"] == whole[-1]["result"]["correct"]
    assert [e["event"] for e in again] == [e["event"] for e in whole]
