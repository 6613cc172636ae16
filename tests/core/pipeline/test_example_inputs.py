"""Networks with several inputs through a whole run, and the inputs that a yml gives."""

from __future__ import annotations

import importlib
import json
import os
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import prunekit
from prunekit.core.api import backend_for
from prunekit.core.pipeline.description import Description

Cli = Callable[..., int]
Said = pytest.CaptureFixture[str]

BACKEND = os.environ["PRUNEKIT_TEST_BACKEND"]
OUT_OF_RANGE = {"pytorch": "IndexError: index out of range", "mindspore": "should be in the range [0, 12), but got 12"}
YML = """\
pipeline: [pretrain, nas, train]
pretrain:
  pipe_step: {type: TrainPipeStep}
  model: &model {model_desc: {backbone: {type: TwoNet}}}
  dataset: &dataset {type: Captioned, common: {batch_size: 32}}
  trainer: &trainer {type: Trainer, epochs: 3, optimizer: {type: Adam, lr: 0.02}}
nas:
  pipe_step: {type: SearchPipeStep}
  model:
    model_desc: {backbone: {type: TwoNet}}
    pretrained_model_file: '{local_base_path}/output/pretrain/model_0.safetensors'
  dataset: *dataset
  search_algorithm:
    type: PruneAMC
    budget: "flops <= 0.5"
    train_episode: 4
    channel_round: 1
    lbound: 0.1
    agent: {warmup: 2}
    latency: {batch_size: 2, repeats: 2, warmup: 0}
train:
  pipe_step: {type: TrainPipeStep}
  dataset: *dataset
  trainer: *trainer
general: {backend: BACKEND}
""".replace("BACKEND", BACKEND)
SEARCH = "    type: PruneAMC\n"


@pytest.fixture(autouse=True)
def _new_packs(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("twopack", "framepack"):  # imported anew by each run, as their classes register themselves
        monkeypatch.delitem(sys.modules, name, raising=False)


def _yml(*pairs: tuple[str, str], text: str = YML) -> None:
    for before, after in pairs:
        assert before in text
        text = text.replace(before, after)
    Path("two.yml").write_text(text)


def _search_only(example: str) -> None:
    """A yml that only searches, without latency to measure, with something said of the inputs."""
    _yml(("[pretrain, nas, train]", "[nas]"), ("    pretrained_model_file: '{local_base_path}/output/pretrain/"
         "model_0.safetensors'\n", ""), (SEARCH, SEARCH + example))  # fmt: skip


def _run(cli: Cli, *words: str, task: str = "t") -> int:
    return cli("two.yml", "--import", "twopack", "-t", task, *words)


def _inputs(task: str = "t", step: str = "nas") -> Any:
    return Description.read(Path(f"tasks/{task}/output/{step}/desc_original.json")).inputs


IMAGE = {"shape": [1, 1, 8, 8], "dtype": "float32"}


@pytest.mark.parametrize("named", [False, True])
def test_two_inputs_through_a_whole_run(cli: Cli, capsys: Said, named: bool) -> None:
    """Training, evaluation, calibration, search, latency, fine-tuning, reload."""
    _yml(("type: Captioned, common: {", f"type: Captioned, common: {{named: {named}, "))
    assert _run(cli) == 0, capsys.readouterr().err
    spec = _inputs()
    parts = spec["dict"] if named else dict(zip(("image", "words"), spec["tuple"], strict=True))
    assert parts["image"] == IMAGE and parts["words"]["shape"] == [1, 5] and parts["words"]["dtype"] == "int64"
    rows = json.loads(Path("tasks/t/output/summary.json").read_text())
    original, trained = rows
    assert trained["macs"] <= 0.5 * original["macs"] and trained["latency_ms"] > 0
    assert original["accuracy"] > 0.5 and trained["accuracy"] > 0.4
    network = prunekit.load(trained["desc_file"])
    assert network.see[0].out_channels + network.look[0].out_channels < 8 + 12
    sample = {"words": np.ones((3, 5), np.int64), "image": np.zeros((3, 1, 8, 8), np.float32)}
    ((outputs, _),) = backend_for(network).run(network, [(sample, 0)])
    assert outputs.shape == (3, 4)


def _save(name: str) -> None:
    image, words = np.zeros((2, 1, 6, 6), np.float32), np.full((2, 7), 3)
    if name == "list.npz":
        np.savez(name, image, words)
    elif name == "dict.ckpt":
        mindspore = importlib.import_module("mindspore")
        named = {"image": image, "words": words}
        mindspore.save_checkpoint([{"name": n, "data": mindspore.Tensor(a)} for n, a in named.items()], name)
    else:
        torch = importlib.import_module("torch")
        image, words = torch.from_numpy(image), torch.from_numpy(words)
        torch.save([image, words] if name == "list.pkl" else {"image": image, "words": words}, name)


@pytest.mark.parametrize(
    "name", ["list.npz", *{"pytorch": ["list.pkl", "dict.pt"], "mindspore": ["dict.ckpt"]}[BACKEND]]
)
def test_inputs_in_a_file(cli: Cli, capsys: Said, name: str) -> None:
    """As the guide's FAQ has it, a batch of two; costs are those of one sample all the same."""
    _search_only(f"    input_pickle_path: {name}\n")
    _save(name)
    assert _run(cli) == 0, capsys.readouterr().err
    image, words = {**IMAGE, "shape": [1, 1, 6, 6]}, {"shape": [1, 7], "dtype": "int64", "low": 3, "high": 4}
    assert _inputs() == ({"dict": {"image": image, "words": words}} if "dict" in name else {"tuple": [image, words]})
    macs = json.loads(Path("tasks/t/output/nas/performance_original.json").read_text())["macs"]
    assert macs == 36 * (8 * 9 + 12 * 8 * 9) + 7 * 60 + 22 * 4


def test_inputs_by_shape(cli: Cli, capsys: Said) -> None:
    _search_only("    inputs: {words: {shape: [1, 7], dtype: int64, high: 12}, image: {shape: [1, 1, 16, 16]}}\n")
    assert cli("inspect", "two.yml", "--import", "twopack") == 0
    assert "see.0" in capsys.readouterr().out
    assert _run(cli) == 0
    assert _inputs()["dict"]["image"] == {**IMAGE, "shape": [1, 1, 16, 16]}


FRAMES = """\
import numpy as np
from prunekit.registry import Register, RegisterType
from tinypack import CLASSES, TinyLights, TinyNet

@Register.register(RegisterType.NETWORK)
class FrameNet(TinyNet):
    def forward(self, images):
        return super().forward(images).reshape(-1, 4, CLASSES).mean(1)

@Register.register(RegisterType.DATASET)
class Frames(TinyLights):
    def collate(self, samples):
        return np.concatenate([np.stack([image] * 4) for image, _ in samples]), np.array([y for _, y in samples])
"""


def test_a_network_that_needs_a_whole_batch_is_given_it(
    cli: Cli, capsys: Said, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Four frames are one sample."""
    monkeypatch.syspath_prepend(tmp_path)
    Path("framepack.py").write_text(FRAMES)
    yml = f"""\
pipeline: [nas]
nas:
  pipe_step: {{type: SearchPipeStep}}
  model: {{model_desc: {{backbone: {{type: FrameNet}}}}}}
  search_algorithm: {{type: PruneAMC, inputs: {{shape: [4, 1, 9, 9]}}, budget: 'flops <= 0.5', train_episode: 2,
    lbound: 0.1, channel_round: 1, agent: {{warmup: 2}}, latency: {{batch_size: 3, repeats: 1, warmup: 0}}}}
  dataset: {{type: Frames}}
general: {{backend: {BACKEND}}}
"""
    Path("two.yml").write_text(yml)
    assert cli("two.yml", "--import", "framepack", "-t", "t") == 0, capsys.readouterr().err
    assert _inputs() == {"shape": [4, 1, 9, 9], "dtype": "float32"}
    assert json.loads(Path("tasks/t/output/summary.json").read_text())[0]["latency_batch_size"] == 12
    Path("two.yml").write_text(yml.replace("Frames", "TinyLights"))
    assert cli("two.yml", "--import", "framepack", "-t", "u") == 2
    assert "two.yml:2: nas: FrameNet does not run on inputs" in capsys.readouterr().err  # of the dataset


@pytest.mark.parametrize(
    ("example", "said"),
    [
        ("inputs: {shape: [1, 1, 8, 8]}",
         "two.yml:14: nas.search_algorithm.inputs: TwoNet does not run on inputs "
         '{"shape": [1, 1, 8, 8], "dtype": "float32"}: TypeError: TwoNet.forward() missing 1 required positional'
         " argument: 'words'"),
        ("inputs: [{shape: [1, 1, 8, 8]}, {shape: [1, 5], dtype: int64, high: 12}, {shape: [1]}]",
         "TypeError: TwoNet.forward() takes 3 positional arguments but 4 were given"),
        ("inputs: {image: {shape: [1, 1, 8, 8]}, word: {shape: [1, 5], dtype: int64, high: 12}}",
         "TypeError: TwoNet.forward() got an unexpected keyword argument 'word'"),
        ("inputs: [{shape: [1, 1, 8, 8]}, {shape: [1, 5], dtype: int64, low: 12, high: 13}]",
         OUT_OF_RANGE[BACKEND]),
        ("input_pickle_path: ./",
         "two.yml:14  nas.search_algorithm.input_pickle_path: '.' is a folder; name the file itself"),
    ],
)  # fmt: skip
def test_inputs_that_the_network_does_not_run_on(cli: Cli, capsys: Said, example: str, said: str) -> None:
    _search_only(f"    {example}\n")
    assert _run(cli) == 2
    assert said in capsys.readouterr().err


class _Bomb:
    def __reduce__(self) -> Any:
        return Path.touch, (Path("ran"),)


def test_code_in_a_file_is_refused_and_not_run(cli: Cli, capsys: Said) -> None:
    name, told = {"pytorch": ("evil.pkl", "holds more than"), "mindspore": ("evil.ckpt", "cannot be read as")}[BACKEND]
    _search_only(f"    input_pickle_path: {name}\n")
    if BACKEND == "pytorch":
        torch = importlib.import_module("torch")
        torch.save([torch.zeros(1), _Bomb()], name)
    else:
        Path(name).write_bytes(pickle.dumps([_Bomb()]))
    assert _run(cli) == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if name in line]
    assert len(lines) == 1 and f"two.yml:14: nas.search_algorithm.input_pickle_path: {name} {told}" in lines[0]
    assert not Path("ran").exists()


def test_the_trainers_inputs(cli: Cli, capsys: Said) -> None:
    """They are those of its step where the search says none, and networks of another step must run on them."""
    good = "inputs: [{shape: [1, 1, 6, 6]}, {shape: [1, 5], dtype: int64, high: 12}]"
    trainer = "  pipe_step: {type: TrainPipeStep}\n  dataset: *dataset\n  trainer: *trainer\n"
    own = trainer.replace("*trainer", f"{{type: Trainer, epochs: 1, {good}}}")
    _yml((trainer, own))
    assert _run(cli) == 0, capsys.readouterr().err
    _yml((trainer, own.replace("shape: [1, 5]", "shape: [1]")))
    assert _run(cli, task="wrong") == 2
    assert "two.yml:24: train.trainer.inputs: TwoNet does not run on inputs" in capsys.readouterr().err
    assert Path("tasks/wrong/output/pretrain").exists() and not Path("tasks/wrong/output/nas/journal.jsonl").exists()
    folder = "  pipe_step: {type: TrainPipeStep, models_folder: tasks/t/output/nas}"
    text = YML.replace(trainer, own.replace("shape: [1, 5]", "shape: [1]"))
    _yml(
        ("[pretrain, nas, train]", "[train]"),
        ("  pipe_step: {type: TrainPipeStep}\n  dataset: *dataset", f"{folder}\n  dataset: *dataset"),
        text=text,
    )
    assert _run(cli, task="outside") == 2
    assert "two.yml:24: train.trainer.inputs: TwoNet does not run on inputs" in capsys.readouterr().err
    _search_only("")
    Path("two.yml").write_text(Path("two.yml").read_text().replace(
        "\ntrain:\n", f"\n  trainer: {{type: Trainer, epochs: 0, {good}}}\ntrain:\n"))  # fmt: skip
    assert _run(cli, task="u") == 0, capsys.readouterr().err
    assert _inputs("u")["tuple"][0]["shape"] == [1, 1, 6, 6]


def test_custom_operators_are_told_and_described(cli: Cli, capsys: Said) -> None:
    _search_only("    networkparser: {replace_conv_list: [Conv2], replace_bn_list: [BatchNorm2d]}\n")
    assert _run(cli) == 0, capsys.readouterr().err
    said = [line for line in capsys.readouterr().out.splitlines() if "Conv2'" in line]
    assert said == [
        "warning: two.yml:12: nas.search_algorithm.networkparser: no module of TwoNet is a 'Conv2'."
        " Did you mean 'Conv2d'?"
    ]
    custom = {"Conv2": "convolution", "BatchNorm2d": "normalization"}
    paths = sorted(Path("tasks/t/output/nas").glob("desc_*.json"))
    assert len(paths) == 2 and all(Description.read(path).leaf_modules == custom for path in paths)
    assert not any(prunekit.load(path).training for path in paths)
