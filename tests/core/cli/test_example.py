"""``prunekit example`` lists the ymls that ship, and writes one."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

Cli = Callable[..., int]
Said = pytest.CaptureFixture[str]
EXAMPLES = Path(__file__).parents[3] / "examples"


def test_every_example_is_listed_with_what_it_does(cli: Cli, capsys: Said) -> None:
    assert cli("example") == 0
    said = capsys.readouterr()
    rows = {row[0]: row[1:] for row in (re.split("  +", line) for line in said.out.splitlines()[2:])}
    files = [path for path in EXAMPLES.rglob("*.yml") if (EXAMPLES / "model_pack") not in path.parents]
    assert list(rows) == sorted({path.name for path in files})
    for path in files:
        backends, purpose = rows[path.name]
        assert purpose == path.read_text().splitlines()[0].removeprefix("# ")
        assert backends == "any" if path.parent == EXAMPLES else path.relative_to(EXAMPLES).parts[0] in backends
    assert said.err == ""


def test_names_are_those_of_the_guide(cli: Cli, capsys: Said) -> None:
    cli("example")
    names = {line.split()[0] for line in capsys.readouterr().out.splitlines()[2:]}
    assert names >= {
        "resnet50_amc.yml", "resnet50_amc_latency.yml", "mobilenetv2_amc.yml", "mobilenetv2_amc_latency.yml",
    }  # fmt: skip


def test_one_is_written_here_and_never_overwritten(cli: Cli, capsys: Said, tmp_path: Path) -> None:
    assert cli("example", "resnet50_amc.yml") == 0
    said = capsys.readouterr()
    assert said.out == "wrote resnet50_amc.yml for pytorch; set its paths, then: prunekit check resnet50_amc.yml\n"
    written = tmp_path / "resnet50_amc.yml"
    assert written.read_bytes() == next((EXAMPLES / "pytorch").rglob("resnet50_amc.yml")).read_bytes()
    written.write_text("mine")
    assert cli("example", "resnet50_amc.yml") == 2
    assert capsys.readouterr() == ("", "error: resnet50_amc.yml is there already; it is not overwritten\n")
    assert written.read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["resnet50_amc.yml"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("resnet50_acm.yml", "error: no example 'resnet50_acm.yml'. Did you mean 'resnet50_amc.yml'"),
        ("resnet50_amc", "error: no example 'resnet50_amc'. Did you mean 'resnet50_amc.yml'"),
        ("zzz", "error: no example 'zzz'. There are deeplabv3_amc.yml, deeplabv3_amc_camvid.yml"),
        ("../demo.yml", "error: no example '../demo.yml'. Did you mean 'demo.yml'?"),
    ],
)
def test_an_unknown_one(cli: Cli, capsys: Said, tmp_path: Path, name: str, said: str) -> None:
    assert cli("example", name) == 2
    assert capsys.readouterr().err.startswith(said)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("word", ["mindspore", "m"])
def test_a_backend_is_chosen(cli: Cli, capsys: Said, tmp_path: Path, word: str) -> None:
    assert cli("example", "resnet50_amc.yml", "-b", word) == 0
    assert capsys.readouterr().out.startswith("wrote resnet50_amc.yml for mindspore; ")
    twin = next((EXAMPLES / "mindspore").rglob("resnet50_amc.yml"))
    assert (tmp_path / "resnet50_amc.yml").read_bytes() == twin.read_bytes()


def test_one_for_any_backend_names_the_one_chosen(cli: Cli, tmp_path: Path) -> None:
    assert cli("example", "demo.yml", "-b", "m") == 0
    text = (EXAMPLES / "demo.yml").read_text()
    assert (
        (tmp_path / "demo.yml").read_text() == text.replace("  backend: pytorch\n", "  backend: mindspore\n", 1) != text
    )


def test_a_backend_that_is_none(cli: Cli, capsys: Said, tmp_path: Path) -> None:
    assert cli("example", "demo.yml", "-b", "tf") == 2
    assert capsys.readouterr().err == "error: no backend named 'tf'. There are m, mindspore, p, pytorch.\n"
    assert not list(tmp_path.iterdir())
