"""Every yml that ships passes ``prunekit check`` once its paths point to files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from prunekit.core.cli.main import main

EXAMPLES = Path(__file__).parents[2] / "examples"
HERE = sorted(path for path in EXAMPLES.rglob("*.yml") if EXAMPLES / "model_pack" not in path.parents)
PATH = re.compile(r"/path/to/\S+")


@pytest.fixture(params=HERE, ids=lambda path: path.name)
def example(request: pytest.FixtureRequest) -> Path:
    return request.param


def test_example_is_right(example: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def made(found: re.Match[str]) -> str:
        path = tmp_path / Path(found[0]).name
        path.touch()  # check opens neither weights nor data
        return str(path)

    copy = tmp_path / example.name
    copy.write_text(PATH.sub(made, example.read_text()))
    assert main(["check", str(copy)]) == 0
    said = capsys.readouterr()
    assert "no mistakes found" in said.out
    assert said.err == ("" if "pretrained_model_file: /path/to" in example.read_text() else _demo(copy))


def _demo(copy: Path) -> str:
    """The demonstration trains the network that it prunes."""
    text = "no pretrained_model_file: the network starts from a seeded initialisation"
    return f"warning: {copy}:14  pretrain.model: {text}\n"


def test_example_as_it_is_names_every_missing_path(example: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = PATH.findall(example.read_text())
    assert main(["check", str(example)]) == (2 if paths else 0)
    message = capsys.readouterr().err
    assert all(f"{path!r} does not exist" in message for path in paths)


def test_example_says_what_it_does_and_how_it_is_run(example: Path) -> None:
    lines = example.read_text().splitlines()
    assert re.fullmatch(r"# [A-Z].*\.", lines[0])
    assert any(re.fullmatch(rf"#   prunekit (examples/)?{example.name}( -d \w+)?", line) for line in lines[:6])


def test_no_two_examples_have_one_name() -> None:
    assert len({path.name for path in HERE}) == len(HERE)


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_splits_that_would_share_images_are_refused(split, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    text = (
        next(EXAMPLES.rglob("demo.yml"))
        .read_text()
        .replace("type: Mnist5k", "type: Cifar10\n    common: {data_path: data}")
    )
    changed = text.replace(f"    {split}:\n", f"    {split}:\n      train_portion: 0.7\n", 1)
    (tmp_path / "a.yml").write_text(changed)
    code = main(["check", "a.yml"])
    if split == "train":  # the others take over what it says
        assert code == 0
    else:
        assert code == 2
        assert (
            "train_portion: must be the same in all splits, or they share images; it is 0.9 in train"
            in capsys.readouterr().err
        )
