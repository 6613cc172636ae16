"""What the README says is done: its files are written, its commands run, its tables name every key."""

from __future__ import annotations

import inspect
import re
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import prunekit
from prunekit.core.config.config_classes import LoaderOptions, PruningOptions
from prunekit.core.config.example_inputs import ExampleOptions
from prunekit.core.config.general import GeneralConfig, TaskConfig
from prunekit.core.config.objective_reader import GUIDE, ObjectiveOptions
from prunekit.core.search import SearchSettings
from prunekit.core.search.settings import NetworkParser
from prunekit.model_zoo.resnet.pytorch import ResNet50
from prunekit.plugins.backends.pytorch.weights import save_weights
from prunekit.plugins.cost_estimators.interleaved_timing import TimingSettings
from prunekit.plugins.datasets.imagenet import Imagenet
from prunekit.plugins.datasets.imagenet_wnids import WNIDS
from prunekit.plugins.search_algorithms.agent_params import AgentParams
from prunekit.plugins.trainers.pytorch.trainer import Trainer
from prunekit.registry import Register

ROOT = Path(__file__).parents[1]
READMES = ("README.md", "README.zh-CN.md")
LONG = re.compile(r"^prunekit (resnet50_amc.yml .*)$")  # days on a CPU: checked with the same words, not run
STANDS_IN = {"timm:convnext_tiny": "ResNet8", "1x3x224x224": "1x3x32x32"}  # the tests need no zoo

Cli = Callable[..., int]


def blocks(readme: str, language: str) -> list[str]:
    text = (ROOT / readme).read_text(encoding="utf-8")
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [block for name, block in fenced if name == language]


def commands(readme: str) -> list[str]:
    """The command lines without their remarks."""
    lines = [line for block in blocks(readme, "") for line in block.splitlines()]
    return _plain(lines)


def _plain(lines: list[str]) -> list[str]:
    return [line.partition("  #")[0].strip() for line in lines if line.startswith(("prunekit ", "make "))]


@pytest.fixture
def prepared(tmp_path: Path) -> Iterator[dict[str, str]]:
    """What the example's placeholders stand for: weights, and a folder of a few images."""
    save_weights(ResNet50(), tmp_path / "pretrained/Resnet50.safetensors")
    for number in range(12):
        path = tmp_path / f"images/{('train', 'val')[number % 2]}/{WNIDS[number // 6]}/{number}.jpeg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((40, 40, 3), 20 * number, np.uint8)).save(path)
    yield {
        "/path/to/pretrained_models/Resnet50.pth": str(tmp_path / "pretrained/Resnet50.safetensors"),
        "/path/to/datasets/imagenet/ILSVRC/Data/CLS-LOC": str(tmp_path / "images"),
        "train_portion: 0.99": "train_portion: 0.5",
    }


def test_the_walk(cli: Cli, prepared: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for block in [*blocks("README.md", "python"), *blocks("README.md", "yaml")]:
        if named := re.match(r"# (my\w*\.(py|yml))\n", block):
            Path(named[1]).write_text(block)
    section = (ROOT / "README.md").read_text().partition("## MindSpore")[2].partition("\n## ")[0]
    elsewhere = _plain(section.splitlines())  # tests/test_readme_mindspore.py
    for line in commands("README.md"):
        if line.startswith("make ") or ">" in line or line in elsewhere:
            continue
        words = [STANDS_IN.get(word, word) for word in shlex.split(LONG.sub(r"prunekit check \1", line))[1:]]
        assert cli(*words) == 0, line + capsys.readouterr().err
        if words[0] == "example" and len(words) > 1:
            text = Path(words[1]).read_text()
            for before, after in prepared.items():
                text = text.replace(before, after)
            Path(words[1]).write_text(text)
    load = next(block for block in blocks("README.md", "python") if "prunekit.load(" in block)
    made = next(tmp_path.glob("tasks/first/output/fully_train/desc_*.json"))
    exec(re.sub(r'load\(".*?"\)', f"load({str(made)!r})", load), found := {})
    assert found["network"](torch.zeros(2, 1, 28, 28)).shape == (2, 10)


def test_every_command_is_told_of_in_both_languages() -> None:
    assert commands(READMES[0]) == commands(READMES[1])
    for language in ("python", "yaml", "toml"):
        assert blocks(READMES[0], language) == blocks(READMES[1], language)
    told = {line.split()[1] for line in commands(READMES[0]) if line.startswith("make ")}
    assert all(re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE) for target in told)


def test_the_test_of_an_own_network(monkeypatch: pytest.MonkeyPatch) -> None:
    named = {block.partition("\n")[0]: block for block in blocks("README.md", "python")}
    module = ModuleType("my_models")
    monkeypatch.setitem(sys.modules, "my_models", module)
    with Register.isolated():
        exec(named["# my_models.py"], vars(module))
        exec(named["# test_my_models.py"], found := {})
        found["test_my_net_is_pruned_exactly"]()


class _Head(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(16, 5)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.fc(images.mean((2, 3)))


def test_the_lines_of_python() -> None:
    body = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 16, 3), nn.ReLU())
    images = np.random.default_rng(0).random((8, 3, 9, 9), np.float32)
    known: dict[str, Any] = {
        "network": nn.Sequential(),
        "example_inputs": images[:1],
        "batches": [(images, np.zeros(8, np.int64))],
    }
    known["network"].body, known["network"].head = body, _Head()
    (lines,) = [block for block in blocks("README.md", "python") if "shrink(" in block]
    exec(lines, known)
    assert known["small"](torch.from_numpy(images)).shape == (8, 5)
    assert sum(p.numel() for p in known["small"].parameters()) < sum(p.numel() for p in known["network"].parameters())


@pytest.mark.parametrize("readme", READMES)
def test_the_tables_name_every_key(readme: str) -> None:
    named = {part for cell in re.findall(r"`([\w.]+)`", (ROOT / readme).read_text()) for part in [cell]}
    expected = {
        *(f"general.{key}" for key in GeneralConfig.model_fields if key != "task"),
        *(f"general.task.{key}" for key in TaskConfig.model_fields),
        *(key for key in SearchSettings.model_fields if key != "networkparser"),
        *(key for key in ObjectiveOptions.model_fields if key != "latency"),
        *(f"latency.{key}" for key in inspect.signature(TimingSettings).parameters),
        *(f"networkparser.{key}" for key in NetworkParser.model_fields),
        *ExampleOptions.model_fields,
        *(f"agent.{key}" for key in AgentParams.model_fields),
        *(".".join(path) for path in GUIDE),
        *(f"pruning.{key}" for key in (*PruningOptions.model_fields, "importance")),
        *LoaderOptions.model_fields,
        *(f"trainer.{key}" for key in inspect.signature(Trainer).parameters if key != "device"),
        *(key for key in inspect.signature(Imagenet).parameters if key != "split"),
    }
    assert not expected - named


def test_public_names_are_told_of() -> None:
    text = (ROOT / "README.md").read_text()
    assert all(
        re.search(rf"\b{name}\b", text) for name in prunekit.__all__ if name not in ("ChannelGraph", "__version__")
    )
