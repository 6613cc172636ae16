"""The general block, beside the task: who evaluates candidates."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from prunekit.core.config import ComponentSpec, RunConfig
from prunekit.core.config.dump import printable, resolved
from prunekit.registry import Register, RegisterType

Read = Callable[..., RunConfig]
YML = """\
pipeline: [nas]
nas:
  pipe_step: {type: SearchPipeStep}
  model: {model_desc: {modules: [backbone], backbone: {type: OpenNet}}}
  dataset: {type: Imagenet, common: {data_path: data}}
  search_algorithm: {type: PruneAMC, budget: "flops <= 0.5"}
general:
  backend: pytorch
  EXECUTOR
"""


class Pool:
    def __init__(self, make: object, workers: int = 2) -> None: ...


@pytest.fixture(autouse=True)
def pool(components: None) -> None:
    Register.register(RegisterType.EXECUTOR, Pool, name="pool")


def test_an_executor_is_read_by_its_constructor(read: Read) -> None:
    config = read(YML.replace("EXECUTOR", "executor: {type: pool, workers: 3}"))
    assert config.general.executor == ComponentSpec(RegisterType.EXECUTOR, "pool", {"workers": 3})
    assert printable(config)["general"]["executor"] == {"type": "pool", "workers": 3}


def test_it_changes_no_result(read: Read) -> None:
    without, named = read(YML.replace("EXECUTOR", "")), read(YML.replace("EXECUTOR", "executor: {type: pool}"))
    assert without.general.executor is None and "executor" not in printable(without)["general"]
    assert resolved(without) == resolved(named)


@pytest.mark.parametrize(
    "written, said",
    [
        ("{type: pol}", "general.executor.type: no executor named 'pol'. Did you mean 'pool'?"),
        ("{type: pool, workers: many}", "general.executor.workers: must be a whole number, not 'many'"),
        ("{type: pool, worker: 3}", "general.executor.worker: unknown key. Did you mean 'workers'?"),
        ("{type: pool, make: 3}", "general.executor.make: 'make' is set by prunekit itself and cannot be given here"),
        ("{}", "general.executor: 'type' is missing"),
        ("pool", "general.executor: must be a block with a 'type', not 'pool'"),
    ],
)
def test_mistakes(problems: Callable[..., list[str]], written: str, said: str) -> None:
    assert problems(YML.replace("EXECUTOR", f"executor: {written}")) == [f"a.yml:9  {said}"]


def test_a_misspelt_key_is_suggested(problems: Callable[..., list[str]]) -> None:
    (line,) = problems(YML.replace("EXECUTOR", "executors: {type: pool}"))
    assert line == "a.yml:9  general.executors: unknown key. Did you mean 'executor'?"


def test_that_candidates_wait_for_each_other_is_said_where_no_executor_is_named(read: Read) -> None:
    text, said = YML.replace("EXECUTOR", "parallel_search: True\n  EXECUTOR"), "candidates are evaluated one at a time"
    assert said in str(read(text.replace("EXECUTOR", "")).warnings)
    assert said not in str(read(text.replace("EXECUTOR", "executor: {type: pool}")).warnings)
