"""Vega's flags: what they replace, what they say when they are wrong, and that the hint to go on repeats them."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from prunekit.core.cli.parser import parse

Cli = Callable[..., int]
Said = pytest.CaptureFixture[str]
USE = ("--import", "tinypack")
BACKEND = os.environ["PRUNEKIT_TEST_BACKEND"]


@pytest.fixture
def resolved(cli: Cli, capsys: Said, tmp_path: Path, tiny: str) -> Callable[..., Any]:
    """What ``check --print`` says of the tiny yml with some flags."""
    (tmp_path / "tiny.yml").write_text(tiny)

    def read(*words: str) -> Any:
        assert cli("check", "tiny.yml", *USE, "--print", *words) == 0
        return yaml.safe_load(capsys.readouterr().out)

    return read


@pytest.mark.parametrize("flag", ["-bs", "--batch_size"])
def test_batch_size_of_every_step(resolved: Callable[..., Any], flag: str) -> None:
    found = resolved(flag, "7")
    sizes = {found[step]["dataset"][split]["batch_size"] for step in found["pipeline"] for split in ("train", "test")}
    assert sizes == {7}


@pytest.mark.parametrize("flag", ["-es", "--epochs"])
def test_epochs_of_the_steps_that_train(resolved: Callable[..., Any], flag: str) -> None:
    found = resolved(flag, "9")
    assert [found[step]["trainer"]["epochs"] for step in ("pretrain", "fully_train")] == [9, 9]
    assert "trainer" not in found["nas"]


@pytest.mark.parametrize("flag", ["-dt", "--dataset_type", "--dataset"])
@pytest.mark.parametrize("path", ["-dp", "--data_path"])
def test_another_dataset(resolved: Callable[..., Any], tmp_path: Path, flag: str, path: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    found = resolved(flag, "Cifar10", path, "elsewhere")
    assert {found[step]["dataset"]["type"] for step in found["pipeline"]} == {"Cifar10"}
    assert {found[step]["dataset"]["val"]["data_path"] for step in found["pipeline"]} == {"elsewhere"}


def test_device_and_backend_in_any_spelling(resolved: Callable[..., Any]) -> None:
    assert resolved("-d", "gpu", "-b", BACKEND[0])["general"]["device_category"] == "GPU"
    assert resolved("--device", "Npu", "--backend", BACKEND)["general"] == {
        "backend": BACKEND, "device_category": "NPU", "parallel_search": False, "parallel_fully_train": False,
        "task": {"local_base_path": "tasks"},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["-ps", "x.yml"], (True, None)),
        (["x.yml", "-ps"], (True, None)),
        (["-pt", "False", "x.yml"], (None, False)),
        (["-ps", "-pt", "x.yml"], (True, True)),
        (["x.yml", "-ps", "true", "-pt", "TRUE"], (True, True)),
        (["--parallel_search", "./a/x.yml", "--parallel_fully_train", "false"], (True, False)),
    ],
)
def test_switches_with_and_without_a_value(words: list[str], found: tuple[bool | None, ...]) -> None:
    options = vars(parse(words))
    assert (options["parallel_search"], options["parallel_fully_train"]) == found


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        (["-bs", "0"], ["command line  dataset.batch_size: must be greater than 0, not 0"]),
        (["-bs", "many"], ["command line  dataset.batch_size: must be a whole number, not 'many'"]),
        (["-es", "-1"], ["command line  trainer.epochs: must be greater than or equal to 0, not -1"]),
        (["-dt", "Cifar10", "-dp", "gone"], ["command line  dataset.data_path: 'gone' does not exist"]),
        (["-dt", "TinyLight"], [
            "command line  dataset.type: no dataset named 'TinyLight'. Did you mean 'TinyLights'?",
        ]),
        (["-dp", "gone"], ["command line  dataset.data_path: unknown key."]),
        (["-ps", "maybe"], ["command line  general.parallel_search: must be True or False, not 'maybe'"]),
        (["-b", "torch"], ["command line  general.backend: no backend named 'torch'. Did you mean 'pytorch'?"]),
        (["-b", "tf"], ["command line  general.backend: no backend named 'tf'. There are m, mindspore, p, pytorch."]),
        (["-t", "a/b"], ["command line  general.task.task_id: 'a/b' cannot be the name of a folder"]),
        (["-r"], ["error: -r goes on with a task: name it with -t TASK_ID"]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("command", ["run", "check"])
def test_wrong_values(
    cli: Cli, capsys: Said, tmp_path: Path, tiny: str, command: str, words: list[str], lines: list[str]
) -> None:
    (tmp_path / "tiny.yml").write_text(tiny)
    assert cli(command, "tiny.yml", *USE, *words) == 2
    said = capsys.readouterr()
    assert (said.out, said.err.splitlines()) == ("", lines)
    assert not (tmp_path / "tasks").exists()


@pytest.mark.parametrize("words", [["-d", "TPU"], ["-sa", "true"], ["-p", "8878"], ["-ws", "3"], ["-bs"]])
def test_what_argparse_refuses(cli: Cli, capsys: Said, words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli("tiny.yml", *words)
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("usage: prunekit")


def test_inspect_takes_those_of_the_data(cli: Cli, capsys: Said, tmp_path: Path, tiny: str) -> None:
    (tmp_path / "tiny.yml").write_text(tiny)
    assert cli("inspect", "tiny.yml", *USE, "-d", "cpu", "-bs", "4", "-t", "t") == 0
    with pytest.raises(SystemExit):
        cli("inspect", "tiny.yml", *USE, "-es", "4")
    assert "unrecognized arguments: -es 4" in capsys.readouterr().err


def test_the_hint_to_go_on_repeats_every_flag(
    cli: Cli, capsys: Said, tmp_path: Path, tiny: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from prunekit.core.pipeline import run

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "run_pipeline", stop)
    (tmp_path / "tiny.yml").write_text(tiny)
    words = ["-b", BACKEND[0], "-d", "CPU", "-bs", "16", "-es", "2", "-ps", "True", "-pt", "False"]
    assert cli("tiny.yml", "-t", "t", *words, *USE, "--no-plugins") == 130
    hint = capsys.readouterr().err.splitlines()[-1].partition("Go on with: ")[2]
    assert shlex.split(hint) == ["prunekit", "tiny.yml", "-r", "-t", "t", *words, *USE, "--no-plugins"]
