"""``prunekit inspect``: any network by its name, JSON, drawings; and what is said of words that mean nothing."""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from prunekit.core.backend_factory import make_backend
from prunekit.core.cli.input_arguments import inputs_of, params_of
from prunekit.core.pipeline.load import load
from prunekit.core.pipeline.named_network import named_network
from prunekit.registry import PrunekitError

Cli = Callable[..., int]
Said = pytest.CaptureFixture[str]
USE = ("--import", "tinypack")
BACKEND = os.environ["PRUNEKIT_TEST_BACKEND"]
NEGATIVE = {"pytorch": "RuntimeError", "mindspore": "ValueError"}[BACKEND]  # what a layer of -3 outputs raises
TINY = ("--model", "TinyNet", "--input", "1x1x8x8", *USE, "-b", BACKEND)
ZOO = f"""\
from anynet import Conv2d, Embedding, Linear, Module, relu
from prunekit.registry import Register, RegisterType, UnknownNameError, nearest

class Pair(Module):
    def __init__(self, width=4):
        super().__init__()
        self.words = Embedding(9, width)
        self.image = Conv2d(3, width, 3)
        self.head = Linear(width, 2)

    def forward(self, images, words):
        images = images[0] if isinstance(images, list) else images
        return self.head(relu(self.image(images)).mean((2, 3)) + self.words(words).mean(1))

@Register.register(RegisterType.NETWORK, name="small:", backend="{BACKEND}")
def small(name):
    if name != "pair":
        raise UnknownNameError(f"no small network {{name!r}}. Did you mean {{nearest(name, ['pair'])[0]!r}}?")

    def build(width: int = 4):
        return Pair(width)

    return build
"""


@pytest.fixture
def zoo(tmp_path: Path) -> tuple[str, ...]:
    """A module of the user's in the current folder whose networks are a zoo."""
    (tmp_path / "my_zoo.py").write_text(ZOO)
    return ("--import", "my_zoo", "-b", BACKEND)


def test_any_network_by_its_name(cli: Cli, capsys: Said) -> None:
    assert cli("inspect", *TINY, "--param", "widths=[4, 6]", "-b", BACKEND[0], "-d", "cpu") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "TinyNet"
    assert [line.split()[:5] for line in lines[3:6]] == [
        ["0", "features.0", "0", "4", "4"], ["1", "features.3", "1", "6", "6"], ["2", "head", "-", "4", "0"],
    ]  # fmt: skip
    assert lines[-1].startswith("proven by values")


def test_a_model_of_a_zoo_with_two_inputs(cli: Cli, capsys: Said, zoo: tuple[str, ...]) -> None:
    words = ("inspect", "--model", "small:pair", "--input", "1x3x6x6", "--input", "1x5:int64", "--param", "width=6")
    assert cli(*words, *zoo, "--json") == 0
    (found,) = json.loads(capsys.readouterr().out)["networks"]
    assert (found["network"], found["step"]) == ("small:pair", None)
    assert found["inputs"] == {
        "tuple": [{"shape": [1, 3, 6, 6], "dtype": "float32"}, {"shape": [1, 5], "dtype": "int64"}]
    }
    layers = [(layer["mid"], layer["name"], layer["out_channels"]) for layer in found["layers"]]
    assert layers == [(0, "image", 6), (1, "head", 2), (-1, "words", 6)]  # a table has no mid
    assert found["cost"]["params"]["full"] == 9 * 6 + 27 * 6 + 6 + 6 * 2 + 2
    assert found["notes"]


def test_a_list_is_one_argument(cli: Cli, capsys: Said, zoo: tuple[str, ...]) -> None:
    assert cli("inspect", "--model", "small:pair", "--input", "[1x3x6x6]", "--input", "1x5:int64", *zoo) == 0
    assert "image" in capsys.readouterr().out


def test_json_into_a_file_and_a_drawing_beside(cli: Cli, capsys: Said, tmp_path: Path) -> None:
    assert cli("inspect", *TINY, "--json", "deep/net.json", "--graph", "net.dot") == 0
    said = capsys.readouterr()
    assert (said.out, said.err) == ("wrote deep/net.json\n", "wrote net.dot\n")
    found = json.loads((tmp_path / "deep" / "net.json").read_text())
    assert found["version"] == 1 and found["networks"][0]["groups"][0]["modules"] == ["features.0"]
    assert "<b>TinyNet</b>" in (tmp_path / "net.dot").read_text(encoding="utf-8")


@pytest.mark.parametrize("words", [("tiny.yml", "--json"), ("--json", "tiny.yml")])
def test_json_of_a_yml(cli: Cli, capsys: Said, tmp_path: Path, tiny: str, words: tuple[str, ...]) -> None:
    (tmp_path / "tiny.yml").write_text(tiny)
    assert cli("inspect", *words, *USE) == 0
    (found,) = json.loads(capsys.readouterr().out)["networks"]
    assert (found["step"], found["network"], found["budget"]) == ("nas", "TinyNet", "flops <= 0.5")
    least, most = found["within"]["flops"]
    assert 0 < least < most <= 1


def test_outputs_that_a_yml_says_matter(cli: Cli, capsys: Said, tmp_path: Path, tiny: str) -> None:
    (tmp_path / "my_nets.py").write_text(
        "import tinypack\nfrom prunekit.registry import Register, RegisterType\n"
        f"@Register.register(RegisterType.NETWORK, backend={BACKEND!r})\n"
        "class Both(tinypack.TinyNet):\n"
        "    def forward(self, x):\n"
        "        return self.features(x), super().forward(x)\n"
    )
    tiny = tiny.replace("{type: TinyNet}", "{type: Both}")
    prunable = {}
    for outputs in ("~", "[1]", "[2]"):
        parser = f"    networkparser: {{outputs: {outputs}}}\n    agent"
        (tmp_path / "tiny.yml").write_text(tiny.replace("    agent", parser))
        ended = cli("inspect", "tiny.yml", "--json", "--import", "my_nets")
        found = capsys.readouterr()
        if ended:
            assert ended == 2 and "outputs: the network returns no '2', but 0, 1." in found.err
            assert "Traceback" not in found.err
        else:
            prunable[outputs] = len(json.loads(found.out)["networks"][0]["groups"])
    assert prunable["~"] < prunable["[1]"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "inspect what? Give a yml, or --model NAME with --input SHAPE: one of the two"),
        (("a.yml", *TINY), "inspect what? Give a yml, or --model NAME with --input SHAPE: one of the two"),
        (TINY[:2], "--model needs what it is called with, such as --input 1x3x224x224"),
        (("a.yml", "--input", "1x3"), "--input and --param go with --model; a yml says both itself"),
        (("--model", "ResNet8", "--input", "1,3"), "--input 1,3: write the sizes with an x between them, such as"),
        (("--model", "ResNet8", "--input", "1x3:f"), "--input 1x3:f: no type 'f'; there are float32, float64, "),
        (
            ("--model", "resnet8", "--input", "1x3", "-b", BACKEND),
            "no network named 'resnet8'. Did you mean 'ResNet8' or ",
        ),
        ((*TINY, "-b", "pytorc"), "no backend named 'pytorc'. Did you mean 'pytorch'?"),
        ((*TINY, "--param", "width=3"), "TinyNet has no parameter 'width'. Did you mean 'widths'?"),
        ((*TINY, "--param", "x=3"), "TinyNet has no parameter 'x'. There are class_num, widths."),
        ((*TINY, "--param", "class_num=x"), "TinyNet cannot be made of what is given: class_num: Input should be"),
        ((*TINY, "--param", "class_num=-3"), f"TinyNet cannot be made: {NEGATIVE}: "),
        ((*TINY, "--param", "class_num"), "--param class_num: write KEY=VALUE, such as num_classes=10"),
        (
            ("--model", "TinyNet", "--input", "1x2x8x8", *TINY[4:]),
            'TinyNet does not run on inputs {"shape": [1, 2, 8, 8]',
        ),
    ],
)
def test_words_that_mean_nothing(cli: Cli, capsys: Said, words: tuple[str, ...], said: str) -> None:
    assert cli("inspect", *words) == 2
    found = capsys.readouterr()
    assert found.out == "" and "Traceback" not in found.err
    (line,) = found.err.splitlines()
    assert line.startswith(f"error: {said}")


def test_a_zoo_in_a_yml_from_the_check_to_the_reload(
    cli: Cli, capsys: Said, tmp_path: Path, tiny: str, zoo: tuple[str, ...]
) -> None:
    text = ZOO.replace("return Pair(width)", "return tinypack.TinyNet(widths=(width, 12, 16))")
    (tmp_path / "my_zoo.py").write_text(f"import tinypack\n{text}")
    tiny = tiny.replace("[pretrain, nas, fully_train]", "[nas]").replace("{type: TinyNet}", "{type: 'small:pair'}")
    tiny = tiny.replace("    pretrained_model_file: '{local_base_path}/output/pretrain/model_0.safetensors'\n", "")
    tiny = tiny.replace("type: PruneAMC", "type: uniform").replace("    agent: {warmup: 4}\n", "")
    tiny = "".join(f"{line}\n" for line in tiny.splitlines() if "train_episode" not in line and "plot" not in line)
    (tmp_path / "my.yml").write_text(tiny.replace("small:pair", "small:pairs"))
    assert cli("check", "my.yml", *zoo) == 2
    assert capsys.readouterr().err.splitlines()[-1].endswith("no small network 'pairs'. Did you mean 'pair'?")
    (tmp_path / "my.yml").write_text(tiny)
    assert cli("run", "my.yml", *zoo, "-t", "t") == 0
    (path,) = (tmp_path / "tasks/t/output/nas").glob("desc_[0-9]*.json")
    assert json.loads(path.read_text())["network"] == {"type": "small:pair", "width": 4}
    network = load(path)
    assert type(network).__name__ == "TinyNet" and network.features[3].out_channels < 12


def test_the_yml_chooses_among_several_sets_of_weights(cli: Cli, capsys: Said, tmp_path: Path, tiny: str) -> None:
    importlib.import_module("tinypack")
    backend = make_backend(BACKEND, "CPU")
    shapes = backend.weight_shapes(named_network(backend, "TinyNet", {}))
    averages = {f"ema.{name}": np.ones(shape, np.float32) for name, shape in shapes.items()}
    np.savez(tmp_path / "w.npz", **averages, **{name: np.ones(shape, np.float32) for name, shape in shapes.items()})
    file = "pretrained_model_file: '{local_base_path}/output/pretrain/model_0.safetensors'"
    tiny = tiny.replace("[pretrain, nas, fully_train]", "[nas]")
    for key, code, said in (
        ("", 0, "w.npz: the plain weights (there too: 'ema'; a key chooses: pretrained_model_key)"),
        ("\n    pretrained_model_key: ema", 0, "w.npz: the weights under 'ema'"),
        ("\n    pretrained_model_key: emma", 2, "w.npz has no weights under 'emma'. Did you mean 'ema'?"),
    ):
        (tmp_path / "my.yml").write_text(tiny.replace(file, f"pretrained_model_file: w.npz{key}"))
        assert cli("inspect", "my.yml", *USE) == code
        found = capsys.readouterr()
        assert said in found.out + found.err and "Traceback" not in found.err


def test_inputs() -> None:
    image, words = {"shape": [1, 3], "dtype": "float32"}, {"shape": [2], "dtype": "int64"}
    assert inputs_of(["1x3"]) == image
    assert inputs_of(["1x3", "2:int64"]) == {"tuple": [image, words]}
    assert inputs_of(["[1x3, 2:int64]"]) == {"list": [image, words]}
    for wrong in ("", "1x", "0x3", "1x3:", "x3", "[1x3", "[]", "1x3,1x3", "-1x3", "axb"):
        with pytest.raises(PrunekitError, match="write the sizes with an x between them"):
            inputs_of([wrong])


def test_params() -> None:
    assert params_of(["a=1", "b=[x, 2]", "c=", "d=true", "e=text"]) == {
        "a": 1, "b": ["x", 2], "c": None, "d": True, "e": "text",
    }  # fmt: skip
    for wrong, said in (("a", "write KEY=VALUE"), ("a b=1", "write KEY=VALUE"), ("a=[", "is no value")):
        with pytest.raises(PrunekitError, match=said):
            params_of([wrong])
    with pytest.raises(PrunekitError, match="a was given before"):
        params_of(["a=1", "a=2"])
