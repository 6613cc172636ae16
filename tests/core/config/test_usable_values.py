"""Numbers and texts that no setting can be, whichever component takes them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict

from prunekit.core.config import RunConfig
from prunekit.core.config.dump import resolved
from prunekit.registry import Register, RegisterType

Read = Callable[..., RunConfig]
Problems = Callable[..., list[str]]
HUGE = "9" * 400
YML = """\
pipeline: [train]
train:
  pipe_step: {type: TrainPipeStep}
  model: {model_desc: {backbone: {type: OpenNet, anything: 1}}}
  dataset: {type: Imagenet, common: {data_path: data}}
  trainer:
    type: Picky
    plain: 1
    inner: {rate: 1, most: 1}
    model: {rate: 1}
"""


@dataclasses.dataclass(frozen=True)
class Inner:
    rate: float = 0.5
    most: float = float("inf")


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid")
    rate: float = 0.5
    most: float = float("inf")
    names: dict[str, float] = {}
    several: set[float] = set()
    exact: Decimal = Decimal(1)
    both: complex = 0j


class Picky:
    """A third party's trainer, whose own defaults may be what it likes."""

    def __init__(
        self, backend: Any, device: str, *, plain: float = float("inf"), inner: Inner = Inner(),
        model: Model | None = None, whatever=None, count: int = 1, word: str = "",
    ) -> None: ...  # fmt: skip


@pytest.fixture(autouse=True)
def picky(components: None) -> None:
    Register.register(RegisterType.TRAINER, Picky, name="Picky", backend="pytorch")


@pytest.mark.parametrize("number", [".inf", "-.inf", ".nan", "1e999", "'inf'", "'nan'", "' -1e999 '", "Infinity"])
@pytest.mark.parametrize(
    ("before", "after", "place"),
    [
        ("plain: 1", "plain: {}", "8  train.trainer.plain"),
        ("rate: 1, most", "rate: {}, most", "9  train.trainer.inner.rate"),
        ("{rate: 1}", "{{rate: {}}}", "10  train.trainer.model.rate"),
        ("{rate: 1}", "{{names: {{a: {}}}}}", "10  train.trainer.model.names.a"),
    ],
)
def test_a_number_is_finite(problems: Problems, number: str, before: str, after: str, place: str) -> None:
    (line,) = problems(YML.replace(before, after.format(number)))
    assert line.startswith(f"a.yml:{place}: must be a finite number, not ")


@pytest.mark.parametrize("number", ["{exact: 'inf'}", "{exact: .nan}", "{exact: 'sNaN'}", "{both: 'inf+1j'}"])
def test_other_kinds_of_numbers_too(problems: Problems, number: str) -> None:
    (line,) = problems(YML.replace("{rate: 1}", number))
    assert line.startswith("a.yml:10  train.trainer.model.") and "finite number" in line


@pytest.mark.parametrize("number", [".inf", "1e999"])
def test_what_nobody_checks_is_finite_too(problems: Problems, number: str) -> None:
    assert [line[:60] for line in problems(YML.replace("anything: 1", f"anything: [{{a: {number}}}]"))] == [
        "a.yml:4  train.model.model_desc.backbone.anything.0.a: must "[:60]
    ]
    (line,) = problems(YML.replace("plain: 1", f"whatever: {number}"))
    assert line == "a.yml:8  train.trainer.whatever: must be a finite number, not inf"
    (line,) = problems(YML.replace("{rate: 1}", f"{{several: [1, '{number.removeprefix('.')}']}}"))
    assert line == "a.yml:10  train.trainer.model.several: each must be a finite number"


def test_a_whole_number_has_64_bits(read: Read, problems: Problems) -> None:
    for number in (HUGE, f"-{HUGE}", f"0x{'f' * 400}", str(2**64), str(-(2**63) - 1)):
        for key in ("count", "plain", "whatever"):
            (line,) = problems(YML.replace("plain: 1", f"{key}: {number}"))
            assert line.startswith(f"a.yml:8  train.trainer.{key}: must be a whole number of at most 64 bits, not ")
            assert len(line) < 200
    (line,) = problems(YML.replace("plain: 1", f"count: {'9' * 900_000}"))
    assert line == ("a.yml:8  train.trainer.count: must be a whole number of at most 64 bits, not one of 900000 digits")
    assert read(YML.replace("plain: 1", f"count: {2**64 - 1}")).steps["train"].trainer.params["count"] == 2**64 - 1


def test_a_key_too(problems: Problems) -> None:
    for key, said in ((".inf", "finite number"), (HUGE, "whole number of at most 64 bits")):
        (line,) = problems(YML.replace("plain: 1", f"whatever: {{{key}: 1}}"))
        assert f": the key must be a {said}" in line and len(line) < 300


def test_keys_of_settings_are_text(problems: Problems) -> None:
    (line,) = problems(YML.replace("{rate: 1}", "{rate: 1, 5: x}"))
    assert line == "a.yml:10  train.trainer.model.5: the key must be text"
    (line,) = problems(YML.replace("anything: 1", "5: x"))
    assert line == "a.yml:4  train.model.model_desc.backbone.5: the key must be text"


def test_an_integer_key_beside_type_and_params(problems: Problems) -> None:
    optimizer = "optimizer: {type: SGD, params: {lr: 0.1}, 5: x}"
    lines = problems(YML.replace("Picky", "Trainer").replace(YML[YML.index("    plain") :], f"    {optimizer}\n"))
    assert lines == [
        "a.yml:8  train.trainer.optimizer.params: give parameters beside 'type' or under 'params', not both",
        "a.yml:8  train.trainer.optimizer.5: the key must be text",
    ]


@pytest.mark.parametrize("code", ["\\0", "\\x1b", "\\ud800", "\\x9b", "\\x7f"])
def test_text_has_no_control_characters(problems: Problems, code: str) -> None:
    written = {"\\ud800": "D800", "\\0": "0000"}.get(code, f"00{code[2:].upper()}")
    for key in ("word", "whatever"):
        (line,) = problems(YML.replace("plain: 1", f'{key}: "a{code}b"'))
        assert line.startswith(f"a.yml:8  train.trainer.{key}: must be text without the character U+{written}, not 'a")
        assert line.isprintable()
    for before, after in (("plain: 1", f'"a{code}b": 1'), ("pipeline:", f'"a{code}b": {{}}\npipeline:')):
        text = YML.replace(before, after).replace("[train]", "[train, gone]")
        assert all(line.isprintable() for line in problems(text))


def test_layout_is_text(read: Read) -> None:
    assert read(YML.replace("plain: 1", 'word: "a\\n\\tb"')).steps["train"].trainer.params["word"] == "a\n\tb"


def test_a_value_of_the_command_line(problems: Problems) -> None:
    lines = problems(YML, **{"dataset.data_path": "a\udcffb"})
    assert lines[0] == (r"command line  dataset.data_path: must be text without the character U+DCFF, not 'a\udcffb'")


def test_defaults_that_json_cannot_express_are_left_out(read: Read) -> None:
    step = resolved(read(YML.replace("plain: 1", "count: 1")))["train"]
    assert "plain" not in step["trainer"]
