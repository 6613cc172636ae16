"""Pipe steps of packs: their keys and sections are checked against their constructors, as any component's are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal
from unittest.mock import ANY

import pytest
import yaml
from pydantic import BaseModel, ConfigDict, Field

from prunekit.core.config import ComponentSpec, RunConfig
from prunekit.core.config.dump import resolved
from prunekit.registry import Register, RegisterType

Read = Callable[..., RunConfig]
Problems = Callable[..., list[str]]


@dataclass(frozen=True)
class Scheme:
    symmetric: bool = True
    kind: Literal["int", "float"] = "int"
    skip: list[str] = field(default_factory=list)


class QuantizeStep:
    needs = frozenset({"dataset"})
    allows = frozenset({"model", "scheme", "judge"})

    def __init__(
        self,
        bits: Annotated[int, Field(ge=1, le=32)] = 8,
        *,
        scheme: Scheme | None = None,
        judge: Annotated[str, RegisterType.METRIC] = "accuracy",
    ) -> None: ...


class NeedingStep:
    needs = frozenset({"scheme"})
    allows = frozenset[str]()

    def __init__(self, scheme: Scheme, evaluator: Any = None) -> None: ...


class OpenStep:
    needs = frozenset[str]()
    allows = frozenset({"evaluator"})

    def __init__(self, **settings: Any) -> None: ...


class ContradictoryStep:
    needs = "dataset"


@pytest.fixture(autouse=True)
def steps(components: None) -> None:
    for step in (QuantizeStep, NeedingStep, OpenStep, ContradictoryStep):
        Register.register(RegisterType.PIPE_STEP, step, backend="pytorch", aliases=(f"{step.__name__[:2]}_of_pack",))


QUANTIZE = """\
pipeline: [q]
q:
  pipe_step: {type: QuantizeStep, bits: 4}
  dataset: {type: Imagenet, common: {data_path: data}}
  scheme: {symmetric: False}
"""


def test_keys_and_sections_are_the_constructors_arguments(read: Read) -> None:
    config = read(QUANTIZE)
    step = config.steps["q"]
    assert step.pipe_step.params == {"bits": 4, "scheme": Scheme(symmetric=False)}
    assert step.pipe_step.defaults == {"judge": "accuracy"} and step.sections == ("scheme", "judge")
    assert step.pipe_step.where == "a.yml:3: q.pipe_step" and config.warnings == ()


def test_the_resolved_form_has_them_where_the_yml_has_them(read: Read) -> None:
    before = resolved(read(QUANTIZE))
    block = before["q"]
    assert block["pipe_step"] == {"type": "QuantizeStep", "bits": 4}
    assert block["scheme"] == {"symmetric": False, "kind": "int", "skip": []} and block["judge"] == "accuracy"
    assert resolved(read(yaml.safe_dump(before))) == before
    assert resolved(read(QUANTIZE.replace("bits: 4", "params: {bits: 4}"))) == before
    assert resolved(read(QUANTIZE.replace("QuantizeStep", "Qu_of_pack"))) == before
    without = resolved(read(QUANTIZE.replace("  scheme: {symmetric: False}\n", "")))
    assert without["q"]["scheme"] is None
    assert resolved(read(yaml.safe_dump(without))) == without


def test_a_section_may_come_by_ref(read: Read) -> None:
    text = QUANTIZE.replace("scheme: {symmetric: False}", "scheme: {ref: base.scheme, kind: float}")
    step = read(text + "base: {scheme: {symmetric: False}}\n").steps["q"]
    assert step.pipe_step.params["scheme"] == Scheme(symmetric=False, kind="float")


def test_tilde_is_an_empty_section_where_it_has_no_default(read: Read, problems: Problems) -> None:
    text = "pipeline: [n]\nn:\n  pipe_step: {type: NeedingStep}\n"
    assert read(text + "  scheme: ~\n").steps["n"].pipe_step.params == {"scheme": Scheme()}
    assert read(QUANTIZE.replace("{symmetric: False}", "~")).steps["q"].pipe_step.params["scheme"] is None
    assert problems(text) == ["a.yml:2  n: section 'scheme' is missing"]


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        ("bits: 4", "bits: four, bit: 3", [
            "a.yml:3  q.pipe_step.bit: unknown key. Did you mean 'bits'?",
            "a.yml:3  q.pipe_step.bits: must be a whole number, not 'four'",
        ]),
        ("bits: 4", "bits: 64, model_folder: x", [
            "a.yml:3  q.pipe_step.model_folder: unknown key. Did you mean 'models_folder'?",
            "a.yml:3  q.pipe_step.bits: must be less than or equal to 32, not 64",
        ]),
        ("bits: 4", "models_folder: 4", ["a.yml:3  q.pipe_step.models_folder: must be text, not 4"]),
        ("bits: 4", "scheme: {}", ["a.yml:3  q.pipe_step.scheme: 'scheme' is a section: it stands beside 'pipe_step'"]),
        ("{symmetric: False}", "5", ["a.yml:5  q.scheme: must be a block of keys, not 5"]),
        ("{symmetric: False}", "{symetric: 1, kind: ints, skip: [1]}", [
            "a.yml:5  q.scheme.kind: must be 'int' or 'float', not 'ints'. Did you mean 'int'?",
            "a.yml:5  q.scheme.skip.0: must be text, not 1",
            "a.yml:5  q.scheme.symetric: unknown key. Did you mean 'symmetric'?",
        ]),
        ("scheme:", "shceme:", ["a.yml:5  q.shceme: unknown key. Did you mean 'scheme'?"]),
        ("scheme:", "judge: acuracy\n  scheme:", [
            "a.yml:5  q.judge: no metric named 'acuracy'. Did you mean 'accuracy'?",
        ]),
        ("scheme:", "trainer: {type: Trainer}\n  scheme:", [
            "a.yml:5  q.trainer: QuantizeStep has no section 'trainer'",
        ]),
        ("QuantizeStep", "QuantiseStep", [
            "a.yml:3  q.pipe_step.type: no pipe step named 'QuantiseStep'. Did you mean 'QuantizeStep'?",
        ]),
        ("QuantizeStep", "TrainPipeStep", [
            "a.yml:2  q: section 'model' is missing",
            "a.yml:2  q: section 'trainer' is missing",
            "a.yml:3  q.pipe_step.bits: unknown key.",
            "a.yml:5  q.scheme: unknown key.",
        ]),
        ("QuantizeStep, bits: 4", "ContradictoryStep", [
            "a.yml:3  q.pipe_step.type: pipe step 'ContradictoryStep' is declared by test_step_reader in"
            " test_step_reader, but what it says of itself cannot be read: TypeError: 'needs' must be a set of names of"
            " sections, not 'dataset'",
        ]),
    ],
)  # fmt: skip
def test_mistakes(problems: Problems, old: str, new: str, lines: list[str]) -> None:
    assert old in QUANTIZE
    assert [line.replace(__name__, "test_step_reader") for line in problems(QUANTIZE.replace(old, new))] == lines


def test_what_takes_anything_says_that_nothing_is_checked(read: Read) -> None:
    """``evaluator``, which is vega's and is not used elsewhere, is a section of this step's own."""
    config = read("pipeline: [o]\no:\n  pipe_step: {type: OpenStep, x: 1}\n  evaluator: {y: 2}\n")
    assert config.steps["o"].pipe_step.params == {"x": 1, "evaluator": {"y": 2}}
    assert config.warnings == (
        "a.yml:3  o.pipe_step: OpenStep: cannot be checked: 'x', 'evaluator' (taken by **settings)",
    )


def test_a_parameter_that_is_no_section_is_a_key(read: Read) -> None:
    text = "pipeline: [n]\nn:\n  pipe_step: {type: NeedingStep, evaluator: 3}\n  scheme: {}\n"
    config = read(text)
    assert config.steps["n"].pipe_step.params == {"evaluator": 3, "scheme": Scheme()} and config.warnings == ()
    assert read(text + "  evaluator: {}\n").warnings == (
        "a.yml:5  n.evaluator: 'evaluator' is not used: a step evaluates on its dataset's val and test, on the device"
        " of general.device_category",
    )


def test_any_step_may_take_the_networks_of_a_folder(read: Read) -> None:
    Path("other").mkdir()
    text = QUANTIZE.replace("bits: 4", "bits: 4, models_folder: other")
    step = read(text).steps["q"]
    assert step.models_folder == Path("other") and step.pipe_step.params["bits"] == 4
    assert resolved(read(text))["q"]["pipe_step"] == {"type": "QuantizeStep", "bits": 4, "models_folder": "other"}


@dataclass(frozen=True)
class Files:
    table: Path
    judge: Annotated[str, RegisterType.METRIC] = "accuracy"


class Rounding(BaseModel):
    model_config = ConfigDict(extra="forbid")
    type: Literal["nearest"] = "nearest"
    bits: int = Field(8, ge=1)
    judge: Annotated[str, RegisterType.METRIC] = "accuracy"


class FilesStep:
    allows = frozenset({"files", "rounding", "free"})

    def __init__(self, files: Files, rounding: Rounding | None = None, free: dict[str, Any] | None = None) -> None: ...


FILES = """\
pipeline: [f]
f:
  pipe_step: {type: FilesStep}
  files: {table: data}
  rounding: {type: nearest, params: {bits: 4}}
  free: {params: {a: 1}, b: 2}
"""


def test_a_section_takes_what_a_parameter_takes(read: Read) -> None:
    Register.register(RegisterType.PIPE_STEP, FilesStep)
    config = read(FILES)
    assert config.steps["f"].pipe_step.params == {
        "files": Files(Path("data")), "rounding": Rounding(bits=4), "free": {"params": {"a": 1}, "b": 2},
    }  # fmt: skip
    written = resolved(config)
    assert resolved(read(yaml.safe_dump(written))) == written


def test_paths_and_names_within_sections_are_checked(problems: Problems) -> None:
    Register.register(RegisterType.PIPE_STEP, FilesStep)
    text = FILES.replace("table: data", "table: nowhere, judge: acuracy").replace("bits: 4", "bits: 0, judge: acc")
    assert problems(text) == [
        "a.yml:4  f.files.table: 'nowhere' does not exist",
        "a.yml:4  f.files.judge: no metric named 'acuracy'. Did you mean 'accuracy'?",
        "a.yml:5  f.rounding.params.bits: must be greater than or equal to 1, not 0",
    ]
    (line,) = problems(FILES.replace("bits: 4", "judge: acuracy"))
    assert line == "a.yml:5  f.rounding.params.judge: no metric named 'acuracy'. Did you mean 'accuracy'?"


class DistillStep:
    allows = frozenset({"teacher"})

    def __init__(
        self,
        teacher: Annotated[ComponentSpec, RegisterType.NETWORK],
        judge: Annotated[ComponentSpec | None, RegisterType.METRIC] = None,
    ) -> None: ...


DISTILL = """\
pipeline: [d]
d:
  pipe_step: {type: DistillStep, judge: {type: accuracy}}
  teacher: {type: ResNet_ModelZoo, params: {class_num: 3}}
"""


def test_a_section_may_name_a_component(read: Read) -> None:
    Register.register(RegisterType.PIPE_STEP, DistillStep)
    config = read(DISTILL)
    params = config.steps["d"].pipe_step.params
    assert params["teacher"] == ComponentSpec(RegisterType.NETWORK, "ResNet_ModelZoo", {"class_num": 3}, defaults=ANY)
    assert params["teacher"].where == "a.yml:4: d.teacher"
    assert params["judge"].name == "accuracy"
    written = resolved(config)
    assert written["d"]["teacher"] == {
        "type": "ResNet_ModelZoo", "class_num": 3, "version": "resnet50", "widths": None
    }  # fmt: skip
    assert resolved(read(yaml.safe_dump(written))) == written
    without = read(DISTILL.replace("judge: {type: accuracy}", "judge: ~"))
    assert without.steps["d"].pipe_step.params["judge"] is None


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("class_num", "class_nums", "a.yml:4  d.teacher.params.class_nums: unknown key. Did you mean 'class_num'?"),
        ("ResNet_ModelZoo", "ResNet_ModelZo",
         "a.yml:4  d.teacher.type: no network named 'ResNet_ModelZo'. Did you mean 'ResNet_ModelZoo'?"),
        ("{type: ResNet_ModelZoo, params: {class_num: 3}}", "3",
         "a.yml:4  d.teacher: must be a block with a 'type', not 3"),
        ("{type: accuracy}", "{type: accuracy, k: 5}", "a.yml:3  d.pipe_step.judge.k: unknown key."),
        ("  teacher: {type: ResNet_ModelZoo, params: {class_num: 3}}\n", "",
         "a.yml:2  d: section 'teacher' is missing"),
    ],
)  # fmt: skip
def test_mistakes_in_a_section_that_names_a_component(problems: Problems, old: str, new: str, line: str) -> None:
    Register.register(RegisterType.PIPE_STEP, DistillStep)
    assert old in DISTILL
    assert problems(DISTILL.replace(old, new)) == [line]


class WithLoss:
    def __init__(self, loss: str = "plain") -> None: ...


def test_a_loss_of_the_model_is_the_trainers(read: Any, problems: Any) -> None:
    Register.register(RegisterType.TRAINER, WithLoss, name="Trainer", backend="pytorch", override=True)
    text = """\
general: {backend: pytorch}
pipeline: [train]
train:
  pipe_step: {type: TrainPipeStep}
  model: {model_desc: {backbone: {type: OpenNet}, loss: smooth}}
  dataset: {type: Imagenet, common: {data_path: data}}
  trainer: {type: Trainer}
"""
    assert read(text).steps["train"].trainer.params == {"loss": "smooth"}
    assert problems(text.replace("{type: Trainer}", "{type: Trainer, loss: plain}")) == [
        "a.yml:5  train.model.model_desc.loss: trainer.loss says it too; give one of the two"
    ]
    assert problems(text.replace("smooth", "3")) == ["a.yml:5  train.model.model_desc.loss: must be text, not 3"]
