"""A user's own module by ``--import``, from the command line to a run with worker processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

NET = """\
from ascend_automl.tools.register import Register, RegisterType  # as the guide prints it
from anynet import Conv2d, Linear, Module, relu
from my_blocks import WIDTH

@Register.register(RegisterType.NETWORK)
class ResNet56(Module):
    def __init__(self, **desc):
        super().__init__()
        self.stem = Conv2d(1, desc.get("width", WIDTH), 3)
        self.head = Linear(desc.get("width", WIDTH), desc.get("class_num", 3))

    def forward(self, x):
        return self.head(relu(self.stem(x)).mean((2, 3)))
"""
DATA = """\
import numpy as np
from prunekit import Register, RegisterType

@Register.register(RegisterType.DATASET)
class Noise:
    def __init__(self, split: str):
        self.images = np.random.default_rng(0).normal(0, 1, (24, 1, 6, 6)).astype(np.float32)

    def __len__(self):
        return 24

    def __getitem__(self, index):
        return self.images[index], np.int64(index % 3)
"""
YML = """\
pipeline: [pretrain]
pretrain:
  pipe_step: {type: TrainPipeStep}
  model:
    model_desc:
      modules: ["backbone"]
      backbone: {type: ResNet56, width: 5}
  dataset:
    type: Noise
    common: {batch_size: 8, num_workers: 1}
  trainer: {type: Trainer, epochs: 1}
general: {backend: BACKEND}
""".replace("BACKEND", os.environ["PRUNEKIT_TEST_BACKEND"])


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Path]:
    files = {"my_models": NET, "my_blocks": "import my_data\nWIDTH = 4", "my_data": DATA}
    for name, text in files.items():
        (tmp_path / f"{name}.py").write_text(text)
    (tmp_path / "mine.yml").write_text(YML)
    yield tmp_path
    for name in files:
        sys.modules.pop(name, None)


def test_a_run_with_a_module_of_the_current_folder_and_workers(
    here: Path, command: list[str], environment: dict[str, str]
) -> None:
    flags = ["-P"] if sys.version_info >= (3, 11) else []  # as the installed command: without the current folder
    words = [command[0], *flags, *command[1:], "mine.yml", "--import", "my_models", "-t", "t"]
    ended = subprocess.run(words, cwd=here, env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    described = json.loads((here / "tasks/t/output/pretrain/desc_0.json").read_text())
    assert (described["network"]["type"], described["network"]["width"]) == ("ResNet56", 5)
    assert described["imports"] == ["my_models"]


def test_a_yml_names_the_pack(here: Path, cli: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    text = YML.replace("{type: ResNet56, width: 5}", "{type: prunekit/ResNet56, in_channels: 1}")
    (here / "mine.yml").write_text(text)
    assert cli("check", "mine.yml", "--import", "my_models") == 0
    assert "network 'ResNet56': my_models:ResNet56 is used in place of the one that" in capsys.readouterr().err
    (here / "mine.yml").write_text(text.replace("prunekit/R", "prunkit/R"))
    assert cli("check", "mine.yml", "--import", "my_models") == 2
    assert "no network named 'prunkit/ResNet56'. Did you mean 'prunekit/ResNet56'?" in capsys.readouterr().err
