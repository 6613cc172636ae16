"""What README and the pages of docs say is done: their files are written, their commands run."""

from __future__ import annotations

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
from pages import PAGES, README, ROOT, TWINS, blocks, commands, named, text
from PIL import Image
from torch import nn

import prunekit
from prunekit.model_zoo.resnet.pytorch import ResNet50
from prunekit.plugins.backends.pytorch.weights import save_weights
from prunekit.plugins.datasets.imagenet_wnids import WNIDS
from prunekit.registry import Register

LONG = re.compile(r"^prunekit (resnet50_amc.yml .*)$")  # days on a CPU: checked with the same words, not run
STANDS_IN = {"timm:convnext_tiny": "ResNet8", "1x3x224x224": "1x3x32x32"}  # the tests need no zoo
WALKS = ("README.md", "docs/start.md", "docs/guide.md", "docs/networks.md", "docs/pack.md", "docs/errors.md")

Cli = Callable[..., int]


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


@pytest.mark.parametrize("page", WALKS)
def test_the_walk(
    page: str, cli: Cli, prepared: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, block in named(page).items():
        Path(name).write_text(block)
    for line in commands(page):
        if line.startswith(("make ", "pip ")) or ">" in line:
            continue
        words = [STANDS_IN.get(word, word) for word in shlex.split(LONG.sub(r"prunekit check \1", line))[1:]]
        assert cli(*words) == 0, line + capsys.readouterr().err
        if words[0] == "example" and len(words) > 1:
            written = Path(words[1]).read_text()
            for before, after in prepared.items():
                written = written.replace(before, after)
            Path(words[1]).write_text(written)
    if page == "docs/guide.md":
        load = next(block for block in blocks(page, "python") if "prunekit.load(" in block)
        made = next(tmp_path.glob("tasks/first/output/fully_train/desc_*.json"))
        exec(re.sub(r'load\(".*?"\)', f"load({str(made)!r})", load), found := {})
        assert found["network"](torch.zeros(2, 1, 28, 28)).shape == (2, 10)


def test_every_page_with_commands_is_walked_through() -> None:
    """MindSpore's page has a walk of its own; the schema is tested where it is made."""
    elsewhere = {
        "docs/detection.md": "tests/test_pages_detection.py",
        "docs/mindspore.md": "tests/test_pages_mindspore.py",
        "docs/yml_keys.md": "tests/core/cli/test_schema.py",
    }
    english = [page for page in (README[0], *PAGES) if "/zh/" not in page and commands(page)]
    assert sorted(english) == sorted([*WALKS, *elsewhere])


@pytest.mark.parametrize(("english", "chinese"), [README, *TWINS])
def test_both_languages_have_the_same_commands_and_code(english: str, chinese: str) -> None:
    if Path(english).name == "pack.md":  # in Chinese without what is for authors of backends and of operator rules
        assert set(blocks(chinese, "python")) <= set(blocks(english, "python"))
        return
    assert commands(english) == commands(chinese)
    for language in ("python", "yaml", "toml"):
        assert blocks(english, language) == blocks(chinese, language)


def test_what_make_is_told_to_do_is_there() -> None:
    told = {line.split()[1] for page in (*README, *PAGES) for line in commands(page) if line.startswith("make ")}
    assert told >= {"demo", "test"}
    assert all(re.search(rf"^{target}:", text("Makefile"), re.MULTILINE) for target in told)


@pytest.mark.parametrize("readme", README)
def test_a_newcomer_reads_it_in_five_minutes(readme: str) -> None:
    assert len(text(readme).splitlines()) <= 200


@pytest.mark.parametrize("page", [*README, "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"])
def test_links_lead_somewhere(page: str) -> None:
    """Those between the pages of docs are Sphinx's to check."""
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)", text(page)):
        assert not target or (ROOT / target).exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", text(target or page), re.MULTILINE)
            assert anchor in [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings]


def test_the_test_of_an_own_network(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("my_models")
    monkeypatch.setitem(sys.modules, "my_models", module)
    with Register.isolated():
        exec(named("docs/guide.md")["my_models.py"], vars(module))
        exec(named("docs/networks.md")["test_my_models.py"], found := {})
        found["test_my_net_is_pruned_exactly"]()


class _Head(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(16, 5)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.fc(images.mean((2, 3)))


@pytest.mark.parametrize("page", [README[0], "docs/python.md"])
def test_the_lines_of_python(page: str) -> None:
    body = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 16, 3), nn.ReLU())
    images = np.random.default_rng(0).random((8, 3, 9, 9), np.float32)
    known: dict[str, Any] = {
        "network": nn.Sequential(),
        "example_inputs": images[:1],
        "batches": [(images, np.zeros(8, np.int64))],
    }
    known["network"].body, known["network"].head = body, _Head()
    whole = sum(p.numel() for p in known["network"].parameters())
    lines = [block for block in blocks(page, "python") if "my_models" not in block and "prunekit.load" not in block]
    assert len(lines) == (3 if page == "docs/python.md" else 1)
    for block in lines:
        exec(block, known)
        assert known["small"](torch.from_numpy(images)).shape == (8, 5)
        assert sum(p.numel() for p in known["small"].parameters()) < whole
    assert isinstance(known["plan"], prunekit.PrunePlan)


def test_public_names_have_their_place_in_the_api() -> None:
    told = text("docs/api.md")
    assert [name for name in prunekit.__all__ if name != "__version__" and f" prunekit.{name}\n" not in told] == []


EXCHANGES = re.findall(
    r"^`([^\n]+)` in place of `([^\n]+)`:\n\n```text\n(.*?)```$", text("docs/errors.md"), re.MULTILINE | re.DOTALL
)


@pytest.mark.parametrize(("after", "before", "message"), EXCHANGES)
def test_a_mistake_is_told_as_the_page_of_errors_says(
    after: str, before: str, message: str, cli: Cli, capsys: pytest.CaptureFixture[str]
) -> None:
    demo = text("examples/demo.yml")
    assert before in demo
    Path("demo.yml").write_text(demo.replace(before, after))
    assert cli("check", "demo.yml") == 2
    assert message in capsys.readouterr().err


def test_a_budget_out_of_reach_is_told_as_the_page_of_errors_says(cli: Cli, capsys: pytest.CaptureFixture[str]) -> None:
    (message,) = [block.strip() for block in blocks("docs/errors.md", "text") if block.startswith("budget ")]
    Path("demo.yml").write_text(text("examples/demo.yml").replace("flops <= 0.4", "flops <= 0.001"))
    assert cli("inspect", "demo.yml") == 2
    assert message in capsys.readouterr().err


def test_the_page_of_errors_was_read() -> None:
    assert len(EXCHANGES) + 1 == len(blocks("docs/errors.md", "text"))
