"""Runs on images in class folders: what a user gets, and what a user's mistakes lead to."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from prunekit.plugins.datasets.imagenet import Imagenet
from prunekit.plugins.datasets.imagenet_wnids import WNIDS

Paint = Callable[..., Path]
Cli = Callable[..., int]
Said = pytest.CaptureFixture[str]
SPLITS, CLASSES = ("train", "val"), ("cat", "dog")
WORDS = ("a.yml", "--import", "rgbpack", "-t", "t")
YML = """\
pipeline: [nas, tuned]
nas:
  pipe_step: {type: SearchPipeStep}
  model:
    model_desc: {backbone: {type: RgbNet, class_num: 2}}
  dataset: &dataset
    type: Imagenet
    common: {data_path: data, image_size: 8, batch_size: 8, num_workers: 0}
  search_algorithm: {type: random, train_episode: 4, budget: "flops <= 0.8", channel_round: 1, keep_pareto_top_k: 1}
tuned:
  pipe_step: {type: TrainPipeStep, models_folder: '{local_base_path}/output/nas'}
  dataset: *dataset
  trainer: {type: Trainer, epochs: 1}
general: {backend: BACKEND}
""".replace("BACKEND", os.environ["PRUNEKIT_TEST_BACKEND"])


Run = Callable[..., int]


@pytest.fixture
def run(cli: Cli, tmp_path: Path, paint: Paint, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the yml, with replacements, on 40 images of two classes."""
    monkeypatch.syspath_prepend(Path(__file__).parents[1])
    monkeypatch.delitem(sys.modules, "rgbpack", raising=False)
    for number in range(40):
        paint(tmp_path / f"data/{SPLITS[number % 2]}/{CLASSES[number // 2 % 2]}/{number}.png", number)

    def start(*words: str, changes: tuple[tuple[str, str], ...] = ()) -> int:
        text = YML
        for before, after in changes:
            assert before in text
            text = text.replace(before, after)
        (tmp_path / "a.yml").write_text(text)
        return cli(*WORDS, *words)

    return start


@pytest.fixture
def held_out(run: Run) -> Path:
    """An image that the search evaluates on."""
    return Imagenet(Path("data"), "val")._files[1][0]


def steps(folder: Path) -> dict[str, dict[str, Any]]:
    found = json.loads((folder / "tasks/t/output/reports.json").read_text())["_steps_"]
    return {step["step_name"]: step for step in found}


def half_written(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.name.endswith((".part", ".tmp")) or not path.exists()]


def test_a_run(run: Run, tmp_path: Path) -> None:
    assert run() == 0
    reports = json.loads((tmp_path / "tasks/t/output/reports.json").read_text())
    assert [row["performance"]["test_total"] for row in reports["nas"]] == [20, 20]


@pytest.mark.parametrize("workers", [0, 1])
def test_a_broken_held_out_image(run: Run, held_out: Path, tmp_path: Path, capsys: Said, workers: int) -> None:
    whole = held_out.read_bytes()
    held_out.write_bytes(whole[:45])
    more = (("num_workers: 0", f"num_workers: {workers}"),)
    assert run(changes=more) == 2
    said = capsys.readouterr()
    place = r"error: a.yml:2: nas: split val of Imagenet, sample \d+: "
    assert re.fullmatch(
        rf"{place}{held_out} (is no image|cannot be decoded).*; replace the file or delete it\n", said.err
    )
    assert "Traceback" not in said.out
    assert steps(tmp_path)["nas"]["status"] == "error" and str(held_out) in steps(tmp_path)["nas"]["message"]
    assert not half_written(tmp_path) and not list((tmp_path / "tasks/t/output/nas").iterdir())
    if workers == 0:
        held_out.write_bytes(whole)
        assert run("-r", changes=more) == 0


def test_a_broken_image_for_final_figures_shows_before_the_first_trial(run: Run, tmp_path: Path, capsys: Said) -> None:
    broken = Path("data/val/dog/7.png")
    whole = broken.read_bytes()
    broken.write_text("<html>not found</html>")
    assert run() == 2
    place = r"error: a.yml:2: nas: split test of Imagenet, sample \d+: "
    assert re.match(rf"{place}{broken} is no image \(JPEG, PNG, ", capsys.readouterr().err)
    assert not half_written(tmp_path) and not list((tmp_path / "tasks/t/output/nas").iterdir())
    broken.write_bytes(whole)
    assert run("-r") == 0


def test_a_broken_training_image(run: Run, tmp_path: Path, capsys: Said) -> None:
    broken, _ = Imagenet(Path("data"), "train")._files[17]
    broken.write_bytes(b"")
    pruning = ("  search_algorithm", "  pruning: {calibration_images: 4, recalibration_images: 4}\n  search_algorithm")
    assert run(changes=(pruning,)) == 2
    assert f"{broken} is no image" in capsys.readouterr().err
    assert {name: step["status"] for name, step in steps(tmp_path).items()} == {"nas": "finished", "tuned": "error"}
    assert not half_written(tmp_path) and not list((tmp_path / "tasks/t/output/tuned").iterdir())


def test_classes_that_do_not_fit(run: Run, tmp_path: Path, capsys: Said) -> None:
    for split in SPLITS:
        for name, wnid in zip(CLASSES, (WNIDS[0], WNIDS[998]), strict=True):
            Path("data", split, name).rename(Path("data", split, wnid))
    assert run() == 2
    told = "a target is 998, but the network has 2 classes (0 to 1); does its class_num fit the dataset?"
    assert told in capsys.readouterr().err and told in steps(tmp_path)["nas"]["message"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("image_size: 8, train_portion: 1.0", "the split 'val' has no sample: train_portion 1.0 of 20 puts 20 into"),
        ("image_size: 8, test_portion: 0.5", "test_portion has no effect: data/val is for final figures"),
        ("image_size: 8, resize: 7", "resize is 7; it must be at least image_size, 8"),
        ("data_path: .", "data has no image but a folder train; should data_path be data?"),
        ("data_path: data/train/cat", "data/train/cat has no class folders (it holds 0 folders, 10 images, 0 other"),
    ],
)
def test_data_that_does_not_fit_the_yml(run: Run, capsys: Said, wrong: str, message: str) -> None:
    key = wrong.split(":")[0]
    assert run(changes=((f"{key}: {'data' if key == 'data_path' else 8}", wrong),)) == 2
    assert message in capsys.readouterr().err


def test_an_empty_data_set(run: Run, tmp_path: Path, capsys: Said) -> None:
    for path in tmp_path.glob("data/*/*/*.png"):
        path.unlink()
    assert run() == 2
    assert capsys.readouterr().err.startswith(
        "error: a.yml:6: nas.dataset.train: data/train/cat has no image (it holds 0 folders, 0 images, 0 other"
    )
    assert not half_written(tmp_path)


def test_a_yml_is_refused_before_any_image_is_read(run: Run, capsys: Said) -> None:
    listed = "transforms: [{type: Resise, size: 3}, {type: CenterCrop, sise: 3}]"
    assert run(changes=(("image_size: 8", f"{listed}, train_portion: 2, resize: big"),)) == 2
    place = "a.yml:8  nas.dataset.common."
    assert capsys.readouterr().err.splitlines()[:5] == [
        f"{place}train_portion: must be less than or equal to 1, not 2",
        f"{place}resize: must be a whole number, not 'big'",
        f"{place}transforms.0: no transform 'Resise'. Did you mean 'Resize'?",
        f"{place}transforms.1.size: is missing",
        f"{place}transforms.1.sise: unknown key. Did you mean 'size'?",
    ]
