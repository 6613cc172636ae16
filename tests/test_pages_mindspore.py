"""What the page of MindSpore says is done."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pages import commands, named
from PIL import Image

from prunekit.core.testing import assert_exact
from prunekit.model_zoo.mobilenet_v2.mindspore import MobileNetV2
from prunekit.plugins.backends.mindspore.backend import MindsporeBackend
from prunekit.plugins.datasets.imagenet_wnids import WNIDS
from prunekit.registry import Register

PAGE = "docs/mindspore.md"
Cli = Callable[..., int]
Said = pytest.CaptureFixture[str]


def test_an_example_is_written_and_is_right(cli: Cli, tmp_path: Path, capsys: Said) -> None:
    write, run, _ = commands(PAGE)
    assert cli(*shlex.split(write)[1:]) == 0
    name = shlex.split(run)[1]
    MindsporeBackend().save(MobileNetV2(), tmp_path / "w.ckpt")
    for number in range(12):
        path = tmp_path / f"images/{('train', 'val')[number % 2]}/{WNIDS[number // 4]}/{number}.jpeg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((40, 40, 3), 20 * number, np.uint8)).save(path)
    text = re.sub(r"/path/to/pretrained_models/\S+", "w.ckpt", Path(name).read_text())
    Path(name).write_text(re.sub(r"/path/to/datasets/\S+", "images", text).replace("0.99", "0.5"))
    capsys.readouterr()
    assert cli("check", *shlex.split(run)[1:]) == 0, capsys.readouterr().err  # to run it takes days
    assert cli("inspect", name) == 0


def test_a_network_of_ones_own_is_pruned_exactly() -> None:
    with Register.isolated():
        exec(named(PAGE)["my_cells.py"], found := {"__name__": "my_cells"})
        network = MindsporeBackend().build(found["MyCell"], {}, 0)
    report = assert_exact(network, np.random.default_rng(0).random((2, 1, 8, 8), np.float32))
    assert report.groups == 1 and report.macs < 0.9
