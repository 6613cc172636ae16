"""``prunekit convert`` between two frameworks, and runs that take either's weights."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from prunekit.core.weights import load_own
from prunekit.model_zoo.mobilenet_v2 import pytorch as mobile
from prunekit.model_zoo.resnet import pytorch as resnet
from prunekit.plugins.backends.mindspore.backend import MindsporeBackend
from prunekit.plugins.backends.pytorch.backend import PytorchBackend
from prunekit.plugins.backends.pytorch.weights import SUFFIXES

import mindspore  # isort: skip
from prunekit.model_zoo.mobilenet_v2 import mindspore as mobile_here  # isort: skip
from prunekit.model_zoo.resnet import mindspore as resnet_here  # isort: skip

Cli = Callable[..., int]
Said = pytest.CaptureFixture[str]
MS, PT = MindsporeBackend(), PytorchBackend()
NETWORKS = {
    "ResNet18": (resnet_here.ResNet18, resnet.ResNet18),
    "MobileNetV2": (mobile_here.MobileNetV2, mobile.MobileNetV2),
}
THREE = ("--param", "class_num=3")


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Bit for bit; PyTorch's counters apart, which MindSpore has no place for."""
    names = [name for name in one if not name.endswith("num_batches_tracked")]
    return all(np.array_equal(one[name], other[name]) for name in names)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize(("there", "back"), [(".safetensors", ".pth"), (".ckpt", ".safetensors"), (".ckpt", ".pt")])
def test_to_mindspore_and_back_bit_for_bit(cli: Cli, tmp_path: Path, name: str, there: str, back: str) -> None:
    here, twin = NETWORKS[name]
    first = PT.build(twin, {"class_num": 3}, 7)
    PT.save(first, tmp_path / "first.pth")
    words = ("--network", name, *THREE)
    assert cli("convert", "first.pth", *words, "--from", "pytorch", "--to", "mindspore", "-o", f"there{there}") == 0
    assert cli("convert", f"there{there}", *words, "--from", "mindspore", "--to", "pytorch", "-o", f"back{back}") == 0
    load_own(MS, MS.build(here, {"class_num": 3}, 0), tmp_path / f"there{there}")
    again = PT.build(twin, {"class_num": 3}, 0)
    load_own(PT, again, tmp_path / f"back{back}")
    assert same(PT.state_arrays(first), PT.state_arrays(again))


def test_from_mindspore_and_back_bit_for_bit(cli: Cli, tmp_path: Path, capsys: Said) -> None:
    first = MS.build(resnet_here.ResNet18, {"class_num": 3}, 7)
    mindspore.save_checkpoint(first, str(tmp_path / "first.ckpt"))
    words = ("--network", "ResNet18", *THREE)
    assert cli("convert", "first.ckpt", *words, "--from", "m", "--to", "p") == 0
    assert capsys.readouterr().out == (
        "first.ckpt: named as in MindSpore's official ResNet, 85 of 102 names translated; networks there have padding:"
        " same and bn_eps: 0.0001\nwrote first_pytorch.safetensors\n"
    )
    assert cli("convert", "first_pytorch.safetensors", *words, "--from", "p", "--to", "m") == 0
    again = MS.build(resnet_here.ResNet18, {"class_num": 3}, 0)
    load_own(MS, again, tmp_path / "first_pytorch_mindspore.safetensors")
    assert same(MS.state_arrays(first), MS.state_arrays(again))


def test_the_target_says_what_it_writes(cli: Cli, capsys: Said, tmp_path: Path) -> None:
    (tmp_path / "w.pth").touch()
    words = ("convert", "w.pth", "--network", "ResNet8", "--from", "pytorch", "--to", "mindspore", "-o", "w.pt")
    assert cli(*words) == 2
    assert capsys.readouterr().err == "error: w.pt: mindspore writes weights as .safetensors, .ckpt files only\n"


WITHOUT = """\
import sys
sys.modules[{framework!r}] = None  # neither found nor imported
from prunekit.core.cli.main import main
sys.exit(main())
"""


def without(framework: str, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The command in a process in which a framework cannot be imported."""
    command = [sys.executable, "-c", WITHOUT.format(framework=framework), *words]
    return subprocess.run(command, cwd=folder, env=os.environ, capture_output=True, text=True)


def test_a_framework_that_is_not_there(tmp_path: Path) -> None:
    MS.save(MS.build(resnet_here.ResNet18, {"class_num": 3}, 7), tmp_path / "w.ckpt")
    MS.save(MS.build(resnet_here.ResNet18, {"class_num": 3}, 7), tmp_path / "w.safetensors")
    words = ("--network", "ResNet18", *THREE, "--from", "mindspore", "--to", "pytorch")
    ended = without("mindspore", tmp_path, "convert", "w.ckpt", *words)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == (
        "error: backend 'mindspore' needs mindspore, which is not installed; pip install 'prunekit[mindspore]'\n"
    )
    ended = without("torch", tmp_path, "convert", "w.safetensors", *words)
    assert ended.stderr == (
        "error: backend 'pytorch' needs torch, which is not installed; pip install 'prunekit[pytorch]'\n"
    )
    ended = without("mindspore", tmp_path, "convert", "w.safetensors", *words)  # only the target's is needed
    assert (ended.returncode, ended.stderr) == (0, "")
    load_own(PT, PT.build(resnet.ResNet18, {"class_num": 3}, 0), tmp_path / "w_pytorch.safetensors")


YML = """\
general: {{backend: {backend}}}
pipeline: [nas]
nas:
  pipe_step: {{type: SearchPipeStep}}
  model:
    model_desc:
      modules: ["backbone"]
      backbone: {{type: ResNet18, class_num: 3}}
      image_size: [32, 32]
    pretrained_model_file: {file}
  dataset: {{type: Lights}}
  search_algorithm: {{type: uniform, budget: "flops <= 0.5"}}
"""
LIGHTS = """\
import numpy as np
from prunekit.registry import Register, RegisterType

@Register.register(RegisterType.DATASET)
class Lights:
    def __init__(self, split: str): ...

    def __len__(self):
        return 4

    def __getitem__(self, index):
        return np.full((3, 32, 32), index, np.float32), np.int64(index % 3)
"""


@pytest.mark.parametrize(("backend", "file"), [("pytorch", "w.ckpt"), ("mindspore", "w.pth")])
def test_a_yml_takes_the_weights_of_either(cli: Cli, capsys: Said, tmp_path: Path, backend: str, file: str) -> None:
    """Of a kind that only the other framework reads, and under its names."""
    other, network, title, made = (
        (MS, resnet_here.ResNet18, "MindSpore's official ResNet", "padding: same and bn_eps: 0.0001")
        if backend == "pytorch"
        else (PT, resnet.ResNet18, "torchvision", "padding: symmetric and bn_eps: 0.00001")
    )
    other.save(other.build(network, {"class_num": 3}, 7), tmp_path / file)
    (tmp_path / "net.yml").write_text(YML.format(backend=backend, file=file))
    (tmp_path / "lights.py").write_text(LIGHTS)
    assert cli("inspect", "net.yml", "--import", "lights") == 0
    said = capsys.readouterr()
    assert f"{file}: named as in {title}, 85 of 102 names translated; networks there have {made}\n" in said.err
    assert "proven by values" in said.out


def test_suffixes_of_two_backends_are_not_the_same() -> None:
    assert not set(SUFFIXES) & set(MS.weight_suffixes)
