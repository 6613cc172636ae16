"""Training of networks that another task or a file describes."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

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
