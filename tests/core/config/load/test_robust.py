from __future__ import annotations

import random
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
