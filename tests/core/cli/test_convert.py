"""``prunekit convert`` where one framework is enough: other namings, other files, and everything that can be wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from prunekit.core.weights import load_own
from prunekit.model_zoo.cifar_resnet.pytorch import ResNet8
from prunekit.model_zoo.resnet.pytorch import ResNet18
from prunekit.plugins.backends.pytorch.backend import PytorchBackend

Cli = Callable[..., int]
Said = pytest.CaptureFixture[str]
BACKEND = PytorchBackend()
WORDS = ("--network", "ResNet8", "--from", "pytorch", "--to", "p")


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """Those of a ResNet-8 for three classes, in MindSpore's names."""
    renamed = {}
    for name, array in BACKEND.state_arrays(BACKEND.build(ResNet8, {"class_num": 3}, 5)).items():
        if not name.endswith("num_batches_tracked"):
            norm = ".bn" in f".{name}"
            for here, there in {"weight": "gamma", "bias": "beta"}.items() if norm else ():
                name = name.replace(f".{here}", f".{there}")
            renamed[name.replace("running_mean", "moving_mean").replace("running_var", "moving_variance")] = array
    np.savez(tmp_path / "net.npz", **renamed)
    return tmp_path / "net.npz"


def test_the_networks_own_names_are_written(cli: Cli, capsys: Said, weights: Path) -> None:
    assert cli("convert", "net.npz", *WORDS, "--param", "class_num=3") == 0
    assert capsys.readouterr() == (
        "net.npz: named as in MindSpore's layers, 28 of 37 names translated\nwrote net_pytorch.safetensors\n", "",
    )  # fmt: skip
    network = BACKEND.build(ResNet8, {"class_num": 3}, 0)
    load_own(BACKEND, network, weights.parent / "net_pytorch.safetensors")
    wanted = BACKEND.state_arrays(BACKEND.build(ResNet8, {"class_num": 3}, 5))
    assert all(np.array_equal(wanted[name], array) for name, array in BACKEND.state_arrays(network).items())


@pytest.mark.usefixtures("weights")
def test_the_suffix_says_what_is_written(cli: Cli, tmp_path: Path) -> None:
    assert cli("convert", "net.npz", *WORDS, "--param", "class_num=3", "-o", "deep/there.pth") == 0
    state = torch.load(tmp_path / "deep" / "there.pth", weights_only=True)
    assert state.keys() == ResNet8(3).state_dict().keys()


def test_a_key_chooses_among_several_sets(cli: Cli, capsys: Said, tmp_path: Path) -> None:
    model, average = (BACKEND.build(ResNet8, {"class_num": 3}, seed).state_dict() for seed in (5, 6))
    torch.save({"model": model, "model_ema": {f"module.{name}": each for name, each in average.items()}}, "w.pth")
    words = (*WORDS, "--param", "class_num=3")
    assert cli("convert", "w.pth", *words, "-o", "a.pth") == 0
    assert cli("convert", "w.pth", *words, "-o", "b.pth", "--key", "model_ema") == 0
    assert cli("convert", "w.pth", *words, "-o", "c.pth", "--key", "ema_model") == 2
    found = capsys.readouterr()
    assert found.out.splitlines()[::2] == [
        "w.pth: the weights under 'model' (there too: 'model_ema'; a key chooses: pretrained_model_key)",
        "w.pth: the weights under 'model_ema'; without 'module.' in the names",
    ]
    assert found.err.startswith("error: w.pth has no weights under 'ema_model'")
    for name, state in (("a.pth", model), ("b.pth", average)):
        written = torch.load(tmp_path / name, weights_only=True)
        assert all(torch.equal(written[key], each) for key, each in state.items())


def test_what_the_weights_were_made_with_is_said(cli: Cli, capsys: Said, tmp_path: Path) -> None:
    state = BACKEND.state_arrays(BACKEND.build(ResNet18, {"class_num": 3}, 0))
    mindcv = {
        name.replace("downsample", "down_sample").replace("fc.", "classifier."): array for name, array in state.items()
    }
    np.savez(tmp_path / "r18.npz", **mindcv)
    words = ("--network", "ResNet18", "--from", "pytorch", "--to", "pytorch", "--param", "class_num=3")
    assert cli("convert", "r18.npz", *words) == 0
    first = capsys.readouterr().out.splitlines()[0]
    assert first == (
        "r18.npz: named as in mindcv, 17 of 102 names translated; networks there have padding: pool_same and bn_eps:"
        " 0.00001"
    )


def test_names_that_are_the_networks_own_already(cli: Cli, capsys: Said, tmp_path: Path) -> None:
    torch.save(ResNet8().state_dict(), tmp_path / "net.pth.tar")
    assert cli("convert", "net.pth.tar", *WORDS) == 0
    assert capsys.readouterr().out == "net.pth.tar: named as the network itself\nwrote net_pytorch.safetensors\n"


def test_nothing_is_overwritten(cli: Cli, capsys: Said, weights: Path) -> None:
    for name in ("net_pytorch.safetensors", "mine.pth"):
        (weights.parent / name).write_text("mine")
        assert (
            cli("convert", "net.npz", *WORDS, "--param", "class_num=3", *(("-o", name) if name == "mine.pth" else ()))
            == 2
        )
        said = f"error: {name} is there already; it is not overwritten. Remove it, or choose another name with -o\n"
        assert capsys.readouterr() == ("", said)
        assert (weights.parent / name).read_text() == "mine"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            (),
            "net.npz does not fit ResNet8 (44 tensors): 2 of another shape: linear.weight [3, 64] in the file, ",
        ),
        (("--network", "ResNet20"), "net.npz does not fit ResNet20 (116 tensors): 60 missing: layer1.1.conv1.weight, "),
        (("--network", "resnet8"), "no network named 'resnet8'. Did you mean 'ResNet8' or "),
        (("--to", "pytorc"), "no backend named 'pytorc'. Did you mean 'pytorch'?"),
        (("--from", "torch"), "no backend named 'torch'. Did you mean 'pytorch'?"),
        (("--param", "classnum=3"), "ResNet8 has no parameter 'classnum'. Did you mean 'class_num'?"),
        (("--param", "class_num"), "--param class_num: write KEY=VALUE, such as num_classes=10"),
        (("--param", "class_num=0"), "ResNet8 cannot be made: ValueError: class_num is 0; it must be at least 1"),
        (("-o", "out.h5"), "out.h5: pytorch writes weights as .safetensors, .pth, .pt, .tar files only"),
        (("-o", "out.ckpt"), "out.ckpt: pytorch writes weights as .safetensors, .pth, .pt, .tar files only"),
        (("-o", "."), ". is there already; it is not overwritten."),
    ],
)
def test_wrong_words(cli: Cli, capsys: Said, weights: Path, words: tuple[str, ...], said: str) -> None:
    assert cli("convert", "net.npz", *WORDS, *words) == 2
    found = capsys.readouterr()
    assert found.out == "" and "Traceback" not in found.err
    (line,) = found.err.splitlines()
    assert line.startswith(f"error: {said}")
    assert [path.name for path in weights.parent.iterdir()] == ["net.npz"]


def test_wrong_files(cli: Cli, capsys: Said, tmp_path: Path) -> None:
    (tmp_path / "net.h5").write_text("x")
    (tmp_path / "net.pth").write_text("x")
    for name, said in (
        ("gone.pth", "gone.pth: there is no such weights file"),
        ("net.h5", "net.h5: weights are read from .safetensors, .npz, .pth, .pt, .tar"),
        ("net.pth", "net.pth "),
    ):
        assert cli("convert", name, *WORDS) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith(f"error: {said}")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["net.h5", "net.pth"]


def test_all_words_that_must_be_given(cli: Cli, capsys: Said) -> None:
    with pytest.raises(SystemExit):
        cli("convert", "net.npz")
    assert "the following arguments are required: --network, --from, --to" in capsys.readouterr().err
