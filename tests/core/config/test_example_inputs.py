"""What a yml says that its network is called with, and the mistakes that can be made there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from prunekit.core.config import RunConfig
from prunekit.core.config.dump import resolved
from prunekit.core.data.example_inputs import InputSpec

Read = Callable[..., RunConfig]
Problems = Callable[..., list[str]]

TEXT = """\
pipeline: [nas]
nas:
  pipe_step: {type: SearchPipeStep}
  model: {model_desc: {backbone: {type: ResNet_ModelZoo}}, pretrained_model_file: a.yml}
  dataset: {type: Imagenet, common: {data_path: data}}
  search_algorithm:
    type: PruneAMC
    SEARCH
  trainer:
    type: Trainer
    TRAIN
"""


@pytest.fixture(autouse=True)
def file(tmp_path: Path) -> None:
    (tmp_path / "b.npz").touch()


def text(search: str = "seed: 1", train: str = "epochs: 1") -> str:
    return TEXT.replace("SEARCH", search).replace("TRAIN", train)


def test_none_is_given(read: Read) -> None:
    step = read(text("input_pickle_path: ~", "inputs: ~")).steps["nas"]
    assert step.search_example is None and step.trainer_example is None and step.example is None
    assert "inputs" not in resolved(read(text()))["nas"]["search_algorithm"]


def test_a_file(read: Read) -> None:
    step = read(text("input_pickle_path: b.npz", "input_pickle_path: a.yml")).steps["nas"]
    assert step.search_example is not None and step.trainer_example is not None
    assert step.search_example.file == Path("b.npz") and step.trainer_example.file == Path("a.yml")
    assert step.example is step.search_example
    assert step.example.where == "a.yml:8: nas.search_algorithm.input_pickle_path"
    assert read(text(train="input_pickle_path: b.npz")).steps["nas"].example == step.search_example


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("[{shape: [1, 3, 8, 8]}, {shape: [1, 4], dtype: int64, high: 9}]",
         (InputSpec(shape=(1, 3, 8, 8)), InputSpec(shape=(1, 4), dtype="int64", high=9))),
        ("{x: {shape: [1, 3]}, y: {shape: [], dtype: ~, low: ~}}",
         {"x": InputSpec(shape=(1, 3)), "y": InputSpec(shape=())}),
        ("{shape: [1, 3], dtype: float16}", InputSpec(shape=(1, 3), dtype="float16")),
    ],
)  # fmt: skip
def test_a_specification(read: Read, given: str, found: Any) -> None:
    config = read(text(f"inputs: {given}"))
    example = config.steps["nas"].search_example
    assert example is not None and example.spec == found and example.file is None
    again = read(yaml.safe_dump(resolved(config)))
    assert again.steps["nas"].search_example == example and resolved(again) == resolved(config)


@pytest.mark.parametrize(
    ("given", "lines"),
    [
        ("inputs: [{shape: [1, 3], dtyp: int64}]",
         ["a.yml:8  nas.search_algorithm.inputs.0.dtyp: unknown key. Did you mean 'dtype'?"]),
        ("inputs: {x: {shape: [1, 3], dtype: int46, high: 2}}",
         ["a.yml:8  nas.search_algorithm.inputs.x.dtype: must be 'float16', 'float32', 'float64', 'int8', 'int16',"
          " 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'uint64' or 'bool', not 'int46'."
          " Did you mean 'int64' or 'int16' or 'uint64'?"]),
        ("inputs: {shpe: [1, 3]}",
         ["a.yml:8  nas.search_algorithm.inputs.shape: is missing",
          "a.yml:8  nas.search_algorithm.inputs.shpe: unknown key. Did you mean 'shape'?"]),
        ("inputs: [{shape: [1, 16], dtype: int64}]",
         ["a.yml:8  nas.search_algorithm.inputs.0: whole numbers need a bound: say high, the number that they stay"
          " below"]),
        ("inputs: [{shape: [1, x]}]",
         ["a.yml:8  nas.search_algorithm.inputs.0.shape.1: must be a whole number, not 'x'"]),
        ("inputs: [{shape: [1, True]}]",
         ["a.yml:8  nas.search_algorithm.inputs.0.shape.1: must be a number, not True"]),
        ("inputs: [1, 3, 8, 8]", [
            f"a.yml:8  nas.search_algorithm.inputs.{k}: must be a block of keys, not {size}"
            for k, size in enumerate((1, 3, 8, 8))
        ]),
        ("inputs: 3", ["a.yml:8  nas.search_algorithm.inputs: must be a list, not 3"]),
        ("inputs: []", ["a.yml:8  nas.search_algorithm.inputs: is empty"]),
        ("input_pickle_path: gone.pkl",
         ["a.yml:8  nas.search_algorithm.input_pickle_path: 'gone.pkl' does not exist"]),
        ("input_pickle_path: b.npz\n    inputs: {shape: [1]}",
         ["a.yml:9  nas.search_algorithm.inputs: give 'inputs' or 'input_pickle_path', not both"]),
        ("input_pickle_pth: data",
         ["a.yml:8  nas.search_algorithm.input_pickle_pth: unknown key. Did you mean 'input_pickle_path'?"]),
    ],
)  # fmt: skip
def test_mistakes(problems: Problems, given: str, lines: list[str]) -> None:
    assert problems(text(given)) == lines


def test_mistakes_elsewhere(problems: Problems) -> None:
    assert problems(text(train="input_pickle: data")) == [
        "a.yml:11  nas.trainer.input_pickle: unknown key. Did you mean 'input_pickle_path'?"
    ]
    assert problems(text().replace("data_path: data", "data_path: data, input_pickle_path: data")) == [
        "a.yml:5  nas.dataset.common.input_pickle_path: unknown key. It belongs in search_algorithm or trainer."
    ]


def test_custom_operators(read: Read, problems: Problems) -> None:
    settings = read(text("networkparser: {replace_bn_list: [FrozenBatchNorm2d], replace_conv_list: [A, B]}"))
    assert (found := settings.steps["nas"].settings) is not None
    expected = {
        "A": "convolution",
        "B": "convolution",
        "FrozenBatchNorm2d": "normalization",
    }
    assert found.networkparser.leaf_modules == expected
    where = "a.yml:8  nas.search_algorithm.networkparser"
    for given, said in (
        ("{replace_bn_list: [a.b.Norm]}",
         ".replace_bn_list: 'a.b.Norm' is no name of a class; write the last part of it, such as 'Norm'"),
        ("{replace_bn_list: [3]}", ".replace_bn_list.0: must be text, not 3"),
        ("{replace_bn_list: Norm}", ".replace_bn_list: must be a list, not 'Norm'"),
        ("{replace_bn_list: [A, B], replace_conv_list: [A]}", ": A: in replace_bn_list and in replace_conv_list"),
        ("{replace_bn_lst: [A]}",
         ".replace_bn_lst: unknown key. Did you mean 'replace_bn_list' or 'replace_conv_list'?"),
    ):  # fmt: skip
        assert problems(text(f"networkparser: {given}")) == [where + said]
