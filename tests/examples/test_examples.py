"""Every yml that ships passes ``prunekit check`` once its paths point to files."""

from __future__ import annotations

import os
import re
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

from prunekit.core.cli.main import main

EXAMPLES = Path(__file__).parents[2] / "examples"
ALL = sorted(path for path in EXAMPLES.rglob("*.yml") if EXAMPLES / "model_pack" not in path.parents)
PYTORCH, MINDSPORE = EXAMPLES / "pytorch", EXAMPLES / "mindspore"
ABSENT = [
    EXAMPLES / name for name, there in (("pytorch", "torch"), ("mindspore", "mindspore")) if find_spec(there) is None
]
HERE = [path for path in ALL if not {*path.parents} & {*ABSENT}]
ON_PYTORCH_ALONE = ("detection", "segmentation")  # networks that MindSpore has no twin of yet
PATH = re.compile(r"/path/to/\S+")


@pytest.fixture(params=HERE, ids=lambda path: str(path.relative_to(EXAMPLES)))
def example(request: pytest.FixtureRequest) -> Path:
    return request.param


def test_example_is_right(example: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def made(found: re.Match[str]) -> str:
        path = tmp_path / Path(found[0]).name
        path.touch()  # with --print, neither weights nor data are looked into
        return str(path)

    copy = tmp_path / example.name
    copy.write_text(PATH.sub(made, example.read_text()))
    assert main(["check", "--print", str(copy), *_backend(example)]) == 0
    *warnings, said = capsys.readouterr().err.splitlines(keepends=True)
    assert "no mistakes found" in said
    assert warnings == _warned_of(copy)


def _backend(example: Path) -> list[str]:
    """An example for any backend is checked for one that is installed."""
    return ["-b", os.environ["PRUNEKIT_TEST_BACKEND"]] if example.parent == EXAMPLES else []


def _warned_of(example: Path) -> list[str]:
    """Examples that train the network that they prune start from nothing, but for a backbone."""
    text = example.read_text()
    if "pretrained_backbone_file:" in text or "\npretrain:" not in text:
        return []
    line = 1 + text[: text.index("\n  model:") + 1].count("\n")
    told = "no pretrained_model_file: the network starts from a seeded initialisation"
    return [f"warning: {example}:{line}  pretrain.model: {told}\n"]


def test_example_as_it_is_names_every_missing_path(example: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = PATH.findall(example.read_text())
    assert main(["check", str(example), *_backend(example)]) == (2 if paths else 0)
    message = capsys.readouterr().err
    assert all(f"{path!r} does not exist" in message for path in paths)


def test_example_says_what_it_does_and_how_it_is_run(example: Path) -> None:
    lines = example.read_text().splitlines()
    assert re.fullmatch(r"# [A-Z].*\.", lines[0])
    assert any(re.fullmatch(rf"#   prunekit (examples/)?{example.name}( -d \w+)?", line) for line in lines[:6])


def test_no_two_examples_of_a_backend_have_one_name() -> None:
    for folder in (PYTORCH, MINDSPORE):
        names = [path.name for path in ALL if folder in path.parents]
        assert len({*names}) == len(names) > 0


def test_twins_differ_in_their_general_block_and_in_where_weights_come_from() -> None:
    def rest(path: Path) -> dict[str, object]:
        config = yaml.safe_load(path.read_text())
        assert config.pop("general") == {"backend": path.relative_to(EXAMPLES).parts[0]}
        del config["nas"]["model"]["pretrained_model_file"]
        return config

    twins = [path.relative_to(MINDSPORE) for path in ALL if MINDSPORE in path.parents]
    ours = [path.relative_to(PYTORCH) for path in ALL if PYTORCH in path.parents]
    assert twins == [path for path in ours if path.parts[1] not in ON_PYTORCH_ALONE]
    assert all(rest(PYTORCH / path) == rest(MINDSPORE / path) for path in twins)


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_splits_that_would_share_images_are_refused(split, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    text = (EXAMPLES / "demo.yml").read_text().replace("type: Mnist5k", "type: Cifar10\n    common: {data_path: data}")
    changed = text.replace(f"    {split}:\n", f"    {split}:\n      train_portion: 0.7\n", 1)
    (tmp_path / "a.yml").write_text(changed)
    code = main(["check", "--print", "a.yml", "-b", os.environ["PRUNEKIT_TEST_BACKEND"]])
    if split == "train":  # the others take over what it says
        assert code == 0
    else:
        assert code == 2
        assert (
            "train_portion: must be the same in all splits, or they share images; it is 0.9 in train"
            in capsys.readouterr().err
        )
