"""Values of the command line: laid over the yml, checked as if they stood in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from prunekit.core.config import RunConfig

Read = Callable[..., RunConfig]
Problems = Callable[..., list[str]]

TWO = """\
pipeline: [nas, train]
nas:
  pipe_step: {type: SearchPipeStep}
  model: {model_desc: {backbone: {type: ResNet_ModelZoo}}}
  dataset: &data
    type: Imagenet
    common: {num_workers: 2}
    train: {data_path: data, batch_size: 8}
    test: {batch_size: 16, data_path: ./data}
  search_algorithm: {type: PruneAMC}
  trainer: {type: Trainer, epochs: 1}
train:
  pipe_step: {type: TrainPipeStep}
  dataset: *data
  model: {ref: nas.model}
  trainer: {ref: nas.trainer, epochs: 5}
"""


def test_the_datasets_values_take_the_place_of_every_splits(read: Read) -> None:
    config = read(TWO, **{"dataset.batch_size": 4, "dataset.data_path": "data"})
    for step in config.steps.values():
        assert step.dataset is not None
        splits = (step.dataset.train, step.dataset.val, step.dataset.test)
        assert [split.batch_size for split in splits] == [4, 4, 4]
        assert [split.dataset.params["data_path"] for split in splits] == [Path("data")] * 3
        assert [split.num_workers for split in splits] == [2, 2, 2]


def test_epochs_are_those_of_steps_that_train_without_searching(read: Read) -> None:
    config = read(TWO, **{"trainer.epochs": 30})
    epochs = {name: step.trainer.params["epochs"] for name, step in config.steps.items() if step.trainer}
    assert epochs == {"nas": 1, "train": 30}
    assert config.warnings == read(TWO).warnings


def test_epochs_that_are_meant_for_no_step_are_told(read: Read) -> None:
    config = read(TWO.replace("[nas, train]", "[nas]"), **{"trainer.epochs": 30})
    assert "command line  trainer.epochs: no step has a trainer that this is meant for; it changes nothing" in (
        config.warnings
    )


@pytest.mark.parametrize(
    ("values", "lines"),
    [
        ({"dataset.batch_size": 0}, ["command line  dataset.batch_size: must be greater than 0, not 0"]),
        ({"dataset.batch_size": "x"}, ["command line  dataset.batch_size: must be a whole number, not 'x'"]),
        ({"dataset.data_path": "gone"}, ["command line  dataset.data_path: 'gone' does not exist"]),
        ({"dataset.type": "Imagnet"}, [
            "command line  dataset.type: no dataset named 'Imagnet'. Did you mean 'Imagenet'?"
        ]),
        ({"trainer.epochs": "many"}, ["command line  trainer.epochs: must be a whole number, not 'many'"]),
        ({"parallel_search": "maybe"}, ["command line  general.parallel_search: must be True or False, not 'maybe'"]),
    ],
)  # fmt: skip
def test_mistakes_name_the_command_line_once(problems: Problems, values: dict[str, object], lines: list[str]) -> None:
    assert problems(TWO, **values) == lines


def test_the_keys_of_another_dataset_are_mistakes_of_the_yml(problems: Problems) -> None:
    from prunekit.registry import Register, RegisterType

    Register.register(RegisterType.DATASET, type("Other", (), {}), name="Other")
    assert problems(TWO, **{"dataset.type": "Other"}) == [
        "a.yml:8  nas.dataset.train.data_path: unknown key.",
        "a.yml:9  nas.dataset.test.data_path: unknown key.",
        "a.yml:14  train.dataset.train.data_path: unknown key.",
        "a.yml:14  train.dataset.test.data_path: unknown key.",
    ]


def test_blocks_that_are_none_are_still_told(problems: Problems) -> None:
    text = TWO.replace("common: {num_workers: 2}", "common: 3").replace("dataset: *data", "dataset: 4")
    lines = problems(text, **{"dataset.batch_size": 4})
    assert "a.yml:7  nas.dataset.common: must be a block of keys, not 3" in lines
    assert "a.yml:14  train.dataset: must be a block with a 'type', not 4" in lines
