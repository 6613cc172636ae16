from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from prunekit.core.config import ConfigError, RunConfig
from prunekit.core.config.dump import resolved

GUIDE = {
    "general": {"backend": "pytorch", "task": {"task_id": "x"}},
    "pipeline": ["nas", "train"],
    "nas": {
        "pipe_step": {"type": "SearchPipeStep"},
        "model": {
            "model_desc": {"modules": ["backbone"], "backbone": {"type": "ResNet_ModelZoo"}, "image_size": 3},
            "pretrained_model_file": "a",
        },
        "dataset": {
            "type": "Imagenet",
            "common": {"data_path": "data"},
            "train": {"batch_size": 3, "crop": {"size": 1}},
        },
        "search_algorithm": {"type": "PruneAMC", "agent": {"warmup": 3}, "specific_bound": {3: [0, 1]}, "lbound": 0.1},
        "trainer": {"type": "Trainer", "optimizer": {"type": "SGD", "params": {"lr": 1}}, "metric": "accuracy"},
        "pruning": {"importance": {"type": "compensation", "damping": 1}},
    },
    "train": {
        "pipe_step": {"type": "TrainPipeStep", "models_folder": "{local_base_path}/output/nas"},
        "dataset": {"ref": "nas.dataset"},
        "trainer": {"ref": "nas.trainer", "lr_scheduler": {"type": "StepLR", "step_size": 3}},
    },
}
ODD = [
    None,
    True,
    -1,
    0,
    1.5,
    float("nan"),
    10**30,
    "",
    "x",
    "{local_base_path}/x",
    [],
    [1, "a"],
    [[]],
    {},
    {"type": 3},
]
ODD += [{"type": "SGD"}, {"params": 3}, {3: 4}, {"ref": "nas"}, {"ref": 3}, {"type": "x", "params": {"type": "y"}}]


def mutated(value: object, rng: random.Random) -> object:
    if rng.random() < 0.04:
        return rng.choice(ODD)
    if isinstance(value, dict):
        kept = {key: mutated(item, rng) for key, item in value.items() if rng.random() > 0.02}
        return kept if rng.random() > 0.03 else {**kept, rng.choice(["x", "type", "params", "ref", 7]): rng.choice(ODD)}
    return [mutated(item, rng) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("seed", range(2))
def test_whatever_a_yml_holds_the_answer_is_lines(read: Callable[..., RunConfig], seed: int) -> None:
    rng = random.Random(seed)
    refused = 0
    Path("a").touch()
    for _ in range(100):
        text = yaml.safe_dump(mutated(GUIDE, rng))
        try:
            config = read(text)
        except ConfigError as error:
            refused += 1
            assert error.problems
            assert len(str(error).splitlines()) == len(error.problems)
        else:
            assert set(resolved(config)) == {"general", "pipeline", *config.pipeline}
    assert 20 < refused < 100


CHAIN = "".join(f"a{n}: {{ref: a{n + 1}}}\n" for n in range(1500)) + "a1500: {x: 1}\n"
STEPS = ", ".join(f"step{n}" for n in range(3000))
BLOCKS = "".join(f"stp{n}: {{a: 1}}\n" for n in range(3000))
SEARCH = """\
pipeline: [s]
s:
  pipe_step: {type: SearchPipeStep}
  search_algorithm:
    type: PruneAMC
"""
HOSTILE = {
    "a chain of refs": CHAIN,
    "refs to nothing": "".join(f"a{n}: {{ref: b{n}}}\n" for n in range(1500)),
    "steps that are missing": f"pipeline: [{STEPS}]\n{BLOCKS}",
    "one step, often": f"pipeline: [{'a, ' * 10_000}b]\n",
    "unknown keys at the top": "".join(f"b{n}: 1\n" for n in range(15_000)),
    "unused blocks": "".join(f"b{n}: {{}}\n" for n in range(9_000)),
    "long names that are alike": "".join(f"{'b' * 190}{n}: 1\n" for n in range(4_000)) + f"pipeline: [{'b' * 190}]\n",
    "values": "pipeline:\n" + "- x\n" * 250_000,
    "numbers": f"pipeline: [{'1, ' * 300_000}]\n",
    "deep": "pipeline: " + "[" * 5_000 + "]" * 5_000 + "\n",
    "deep and short of the limit": "pipeline: " + "[" * 99 + "]" * 99 + "\n",
    "deep blocks": "".join(" " * n + "k:\n" for n in range(1200)),
    "deep merges": "a0: {}\n" + "".join(f"a{n}: {{x: {{ref: a{n - 1}}}}}\n" for n in range(1, 150)),
    "a union's alternatives": SEARCH + f"    networkparser: {{outputs: [{'{}, ' * 9000}]}}\n",
    "a long budget": SEARCH + f"    budget: {'flops <= 0.5 and ' * 50_000}flops <= 0.5\n",
    "a long text": f"pipeline: [s]\ns: {{pipe_step: {{type: {'x' * 900_000}}}}}\n",
    "a long path": "pipeline: [s]\ns:\n  model: {pretrained_model_file: " + "p" * 5000 + "}\n  x: 1\n",
}  # fmt: skip


LONG = ("values", "numbers", "unused blocks", "unknown keys at the top", "long names that are alike")


@pytest.mark.parametrize("kind", [pytest.param(kind, marks=[pytest.mark.slow] * (kind in LONG)) for kind in HOSTILE])
def test_hostile_files_are_refused_soon_and_in_short_lines(problems: Callable[..., list[str]], kind: str) -> None:
    started = time.process_time()  # of this process alone: others may be at work
    lines = problems(HOSTILE[kind])
    assert time.process_time() - started < 10
    assert all(line.startswith("a.yml") and len(line) < 1000 for line in lines)


def test_the_other_mistakes_are_told_with_a_path_that_is_too_long(problems: Callable[..., list[str]]) -> None:
    lines = problems(HOSTILE["a long path"])
    assert f"a.yml:3  s.model.pretrained_model_file: '{'p' * 56}...: File name too long" in lines
    assert "a.yml:4  s.x: unknown key." in lines


@pytest.mark.parametrize("path", ["'{local_base_path}/PATH'", "PATH"])
def test_paths_that_a_run_writes_can_be_there(problems: Callable[..., list[str]], path: str) -> None:
    text = f"pipeline: [s]\ns:\n  pipe_step: {{type: TrainPipeStep, models_folder: {path}}}\n"
    for name, said in (("p" * 5000, "File name too long"), ('"a\\0b"', "the character U+0000"), (".", "")):
        if '"' not in name or path == "PATH":
            assert any(said in line for line in problems(text.replace("PATH", name)))


@pytest.mark.parametrize("task", [f"task_id: {'t' * 300}", f"local_base_path: {'b' * 300}", 'local_base_path: "a\\0b"'])
def test_a_task_that_no_folder_can_have(problems: Callable[..., list[str]], task: str) -> None:
    lines = problems(f"pipeline: [s]\ngeneral: {{task: {{{task}}}}}\n")
    assert len([line for line in lines if line.startswith("a.yml:2  general.task")]) == 1


def test_a_chain_of_refs_that_is_not_too_long(
    read: Callable[..., RunConfig], problems: Callable[..., list[str]]
) -> None:
    chain = "".join(f"a{n}: {{ref: a{n + 1}}}\n" for n in range(60)) + "a60: {x: 1}\n"
    assert not any("deep" in line for line in problems(chain))


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("output/pretrain/model_0.pth", ""),
        ("output/pretrian/model_0.pth", " Did you mean 'pretrain'?"),
        ("output/nas/model_0.pth", ""),
        ("output/late/model_0.pth", ""),
        ("output", ""),
    ],
)
def test_files_of_a_run_are_written_by_an_earlier_step(
    problems: Callable[..., list[str]], path: str, said: str
) -> None:
    text = f"pipeline: [pretrain, nas, late]\nnas:\n  model: {{pretrained_model_file: '{{local_base_path}}/{path}'}}\n"
    lines = [line for line in problems(text) if "pretrained_model_file" in line]
    told = f"a.yml:3  nas.model.pretrained_model_file: no step before 'nas' writes '{{local_base_path}}/{path}'.{said}"
    assert lines == ([] if path == "output/pretrain/model_0.pth" else [told])
