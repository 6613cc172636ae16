"""``prunekit schema``: editors complete every key that prunekit takes, and mark those that it does not."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from prunekit.registry import Register, RegisterType

Cli = Callable[..., int]
Said = pytest.CaptureFixture[str]
EXAMPLES = Path(__file__).parents[3] / "examples"
METRICS = sorted(name for entry in Register.entries(RegisterType.METRIC) for name in entry.names)
YMLS = sorted(path for path in EXAMPLES.rglob("*.yml") if EXAMPLES / "model_pack" not in path.parents)


class Walker:
    """As much of JSON Schema as says which keys and which types of component there may be."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self.schema = schema

    def wrong(self, value: Any, schema: Any = None, path: str = "") -> list[str]:
        """The places that the schema forbids."""
        schema = self.schema if schema is None else schema
        if schema is True or value is None:
            return []
        found = list(self._keys(value, schema, path)) if isinstance(value, dict) else []
        if "enum" in schema and not isinstance(value, (dict, list)) and value not in schema["enum"]:
            found.append(path)
        if isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
            found.append(path)
        if isinstance(value, list) and "items" in schema:
            found += [
                place for k, each in enumerate(value) for place in self.wrong(each, schema["items"], f"{path}.{k}")
            ]
        if "$ref" in schema:
            found += self.wrong(value, self._defined(schema["$ref"]), path)
        for rule in schema.get("allOf", ()):
            if self._meets(value, rule["if"]):
                found += self.wrong(value, rule["then"], path)
        if "anyOf" in schema:
            found += min(
                (self.wrong(value, each, path) for each in schema["anyOf"] if self._fits(value, each)), key=len
            )
        return found

    def _keys(self, value: dict[Any, Any], schema: Any, path: str) -> Iterator[str]:
        known, more = schema.get("properties", {}), schema.get("additionalProperties", True)
        for key, inner in value.items():
            place = f"{path}.{key}".lstrip(".")
            if key in known:
                yield from self.wrong(inner, known[key], place)
            elif more is False:
                yield place
            elif more is not True:
                yield from self.wrong(inner, more, place)

    def _defined(self, ref: str) -> Any:
        return self.schema["$defs"][ref.removeprefix("#/$defs/")]

    @staticmethod
    def _meets(value: Any, condition: Any) -> bool:
        if "not" in condition:
            return "type" not in value
        return value.get("type") in condition["properties"]["type"]["enum"]

    def _fits(self, value: Any, schema: Any) -> bool:
        schema = self._defined(schema["$ref"]) if "$ref" in schema else schema
        kinds = schema.get("type", [])
        kind = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "number"}
        return (
            not kinds
            or kind[type(value)] in ([kinds] if isinstance(kinds, str) else kinds)
            or (isinstance(value, int) and "number" in kinds)
        )


@pytest.fixture
def schema(cli: Cli, capsys: Said) -> dict[str, Any]:
    assert cli("schema") == 0
    said = capsys.readouterr()
    assert said.err == ""
    found: dict[str, Any] = json.loads(said.out)
    return found


def test_what_it_is(schema: dict[str, Any]) -> None:
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["required"] == ["pipeline"]
    assert set(schema["properties"]) == {"general", "pipeline"}
    step = schema["additionalProperties"]["properties"]
    assert {"pipe_step", "model", "dataset", "search_algorithm", "trainer", "pruning", "ref"} <= set(step)
    assert {"SearchPipeStep", "TrainPipeStep"} <= set(step["pipe_step"]["properties"]["type"]["enum"])
    assert "p" in schema["properties"]["general"]["properties"]["backend"]["enum"]  # aliases are names too
    references = [line.split('"')[3] for line in json.dumps(schema, indent=0).splitlines() if '"$ref"' in line]
    assert {ref.removeprefix("#/$defs/") for ref in references} <= set(schema["$defs"])


def test_parameters_have_defaults_and_words(schema: dict[str, Any]) -> None:
    trainer = schema["$defs"]["trainer.Trainer"]
    described = Register.get(RegisterType.TRAINER, "Trainer", os.environ["PRUNEKIT_TEST_BACKEND"]).__doc__
    assert trainer["description"] == described.partition("\n")[0]
    assert trainer["properties"]["epochs"] == {
        "type": ["integer", "null"], "minimum": 0, "default": 1,
        "description": "Passes over the training data; 0 leaves the network as it is.",
    }  # fmt: skip
    assert "device" not in trainer["properties"]  # prunekit sets it
    algorithm = schema["$defs"]["search_algorithm.PruneAMC"]["properties"]
    assert algorithm["channel_round"]["description"] == "Kept channels are a multiple of this."
    assert {"acc_flops", "acc_latency"} <= set(algorithm["reward_type"]["enum"])
    assert schema["$defs"]["trainer.Trainer"]["properties"]["report_freq"]["deprecated"] is True


@pytest.mark.parametrize("path", YMLS, ids=lambda path: path.name)
def test_every_key_of_every_example_is_allowed(schema: dict[str, Any], path: Path) -> None:
    assert Walker(schema).wrong(yaml.safe_load(path.read_text())) == []


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("backend:", "backnd:", "general.backnd"),
        ("pipe_step:", "pipestep:", "nas.pipestep"),
        ("models_folder:", "model_folder:", "cls_fulltrain.pipe_step.model_folder"),
        ("version:", "verison:", "nas.model.model_desc.backbone.verison"),
        ("type: ResNet_ModelZoo", "type: ResNet_ModelZo", "nas.model.model_desc.backbone.type"),
        ("image_size: &", "imagesize: &", "nas.model.model_desc.imagesize"),
        ("pretrained_model_file:", "pretrained_file:", "nas.model.pretrained_file"),
        ("train_portion:", "train_porton:", "nas.dataset.train.train_porton"),
        ("    val:", "    vall:", "nas.dataset.vall"),
        ("train_episode:", "train_episodes:", "nas.search_algorithm.train_episodes"),
        ("warmup:", "warm_up:", "nas.search_algorithm.agent.warm_up"),
        ("momentum:", "momentun:", "nas.trainer.optimizer.params.momentun"),
        ("ref: nas.trainer", "ref: nas.trainer\n    epoch: 3", "cls_fulltrain.trainer.epoch"),
    ],
)
def test_a_misspelt_key_is_not(schema: dict[str, Any], old: str, new: str, place: str) -> None:
    text = next(EXAMPLES.rglob("resnet50_amc.yml")).read_text()
    assert old in text
    assert Walker(schema).wrong(yaml.safe_load(text.replace(old, new, 1))) == [place]


def test_costs_that_are_priced_have_nothing_to_set(schema: dict[str, Any]) -> None:
    search = {"type": "random", "costs": {"latency": {"repeats": 3}, "flops": {}}}
    yml = {"pipeline": ["a"], "a": {"search_algorithm": search}}
    assert Walker(schema).wrong(yml) == ["a.search_algorithm.costs.flops"]


def test_forms_that_check_takes_are_allowed(schema: dict[str, Any]) -> None:
    text = """\
pipeline: [a]
general: {parallel_search: True, quota: x, task: {task_id: a}}
a:
  ref: b
  pipe_step: {type: TrainPipeStep}
  model: {model_desc: {backbone: {type: ResNet56, params: {class_num: 3}}, image_size: [32, 32]}}
  search_algorithm: {type: PruneAMC, objective_keys: ['accuracy'], networkparser: ~, specific_bound: {3: [0.1, 1]}}
  trainer: {type: Trainer, optimizer: {type: SGD, lr: 0.1}, lr_scheduler: {type: StepLR, params: {step_size: 3}}}
  dataset: {type: Imagenet, common: {transforms: [{type: Resize, size: 8}], pin_memory: True}, val: ~}
  pruning: {importance: {type: l1}}
"""
    assert Walker(schema).wrong(yaml.safe_load(text)) == []


def test_a_users_own_components_and_broken_ones(cli: Cli, capsys: Said, tmp_path: Path) -> None:
    (tmp_path / "schema_own.py").write_text(
        '''\
from typing import Annotated

from prunekit.registry import Register, RegisterType


@Register.register(RegisterType.DATASET)
class Open:
    """Anything.

    Args:
        metric: Which one.
    """

    def __init__(self, split, size: int, metric: Annotated[str, RegisterType.METRIC] = "accuracy", odd: "Nothing" = 1,
                 made: object = object(), **rest): ...


MODULE_REGISTER = [{"type": "dataset", "name": "Broken", "target": "no_such_module:Broken"}]
'''
    )
    assert cli("schema", "--import", "schema_own") == 0
    said = capsys.readouterr()
    assert said.err.startswith("warning: left out: dataset 'Broken'") and len(said.err.splitlines()) == 1
    found = json.loads(said.out)["$defs"]
    split = found["dataset.Open.split"]
    assert split["additionalProperties"] is True
    assert split["properties"]["metric"] == {
        "type": ["string", "null"], "enum": [*METRICS, None], "default": "accuracy", "description": "Which one.",
    }  # fmt: skip
    assert split["properties"]["odd"] == {"default": 1}
    assert split["properties"]["made"] == {}
    assert "split" not in split["properties"]
    assert "dataset.Broken" not in found


def test_pipe_steps_have_their_own_keys_and_sections(cli: Cli, capsys: Said, tmp_path: Path) -> None:
    (tmp_path / "schema_steps.py").write_text(
        '''\
from dataclasses import dataclass
from typing import Annotated, Any

from prunekit.core.config import ComponentSpec
from prunekit.registry import Register, RegisterType


@dataclass
class Scheme:
    """How numbers are rounded."""

    symmetric: bool = True


@dataclass
class Other:
    depth: int = 1


@Register.register(RegisterType.PIPE_STEP)
class DistillStep:
    """Distills."""

    needs = {"teacher"}
    allows = {"model"}

    def __init__(self, teacher: Annotated[ComponentSpec, RegisterType.NETWORK]): ...


@Register.register(RegisterType.PIPE_STEP)
class QuantizeStep:
    """Rounds."""

    needs = {"scheme"}
    allows = {"model"}

    def __init__(self, scheme: Scheme, bits: int = 8): ...


@Register.register(RegisterType.PIPE_STEP)
class OtherStep:
    """Does another thing."""

    needs = {"scheme"}
    allows = {"anything"}

    def __init__(self, scheme: Other, **rest: Any): ...
'''
    )
    assert cli("schema", "--import", "schema_steps") == 0
    schema = Walker(json.loads(capsys.readouterr().out))
    text = """\
pipeline: [a, b, c]
c: {pipe_step: {type: DistillStep}, teacher: {type: ResNet56, class_num: 3}}
a: {pipe_step: {type: QuantizeStep, bits: 4, models_folder: x}, scheme: {symmetric: True}}
b: {pipe_step: {type: OtherStep, x: 1}, scheme: {depth: 2}, anything: [3]}
"""
    assert schema.wrong(yaml.safe_load(text)) == []
    assert schema.wrong(yaml.safe_load(text.replace("bits", "bit"))) == ["a.pipe_step.bit"]
    assert schema.wrong(yaml.safe_load(text.replace("symmetric", "symetric"))) == ["a.scheme.symetric"]
    assert schema.wrong(yaml.safe_load(text.replace("ResNet56", "ResNt56"))) == ["c.teacher.type"]
    assert schema.wrong(yaml.safe_load(text.replace("a: {pipe", "a: {schme: 1, pipe"))) == ["a.schme"]
    assert schema.wrong(yaml.safe_load(text.replace("QuantizeStep", "TrainPipeStep"))) == ["a.pipe_step.bits"]
