"""Keys and names of vega's: said once where they have no effect, refused by name where they would have one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from prunekit.core.config import RunConfig
from prunekit.core.config.dump import resolved

Read = Callable[..., RunConfig]
Problems = Callable[..., list[str]]

VEGA = """\
general:
  backend: pytorch
  device_category: NPU
  parallel_search: True
  parallel_fully_train: True
  devices_per_trainer: 1
  logger: {level: info}
  worker: {timeout: 3600}
  cluster: {master_ip: ~, slaves: []}
  quota: "flops < 10 and params in [100, 1000]"
  requires: []
  python_command: python3
  clean_worker_dir: True
  skip_trainer_error: True
  dataset_sink_mode: True
  ms_execute_mode: 0
  device_evaluate_before_train: True
  task: {local_base_path: ./out, backup_base_path: ~, use_backup: False, output_subpath: output}
pipeline: [nas, train]
nas:
  pipe_step: {type: SearchPipeStep, load_weights: True, hps_folder: ~}
  model: {model_desc: {backbone: {type: ResNet_ModelZoo}}}
  dataset: {type: Imagenet, common: {data_path: data, n_class: 10}, train: {pin_memory: True, distributed: False}}
  search_algorithm: {type: PruneAMC, codec: PruneCodec}
  trainer:
    type: Trainer
    report_freq: 10
    with_valid: True
    with_train: True
    distributed: False
    syncbn: False
    mixup: False
    callbacks: ~
    max_train_steps: ~
    task: Classification
  evaluator: {type: Evaluator, host_evaluator: {type: HostEvaluator}}
train:
  pipe_step: {type: TrainPipeStep}
  dataset: {ref: nas.dataset}
  model: {ref: nas.model}
  trainer: {ref: nas.trainer, epochs: 2}
"""
IGNORED = {
    "general": [
        "devices_per_trainer", "logger", "worker", "cluster", "quota", "requires", "python_command",
        "clean_worker_dir", "skip_trainer_error", "dataset_sink_mode", "ms_execute_mode",
        "device_evaluate_before_train",
    ],
    "general.task": ["backup_base_path", "use_backup", "output_subpath"],
    "nas": ["evaluator"],
    "nas.dataset.common": ["n_class"],
    "nas.dataset.train": ["pin_memory"],
    "nas.search_algorithm": ["codec"],
    "nas.trainer": ["report_freq", "with_valid", "task"],
}  # fmt: skip


def test_what_has_no_effect_is_said_once_with_the_reason(read: Read) -> None:
    warnings = read(VEGA).warnings
    told = [line.partition("  ")[2] for line in warnings if " is not used: " in line]
    expected = [f"{section}.{key}: {key!r} is not used: " for section, keys in IGNORED.items() for key in keys]
    assert sorted(line[: line.index("used: ") + 6] for line in told) == sorted(expected)
    assert all(not line.endswith("used: ") for line in told)
    assert "a.yml:10  general.quota: 'quota' is not used: say search_algorithm.budget instead" in warnings


def test_in_parallel_is_accepted_and_said_once(read: Read) -> None:
    config = read(VEGA, task_id="t")
    assert [line for line in config.warnings if "one at a time" in line] == [
        "a.yml:4  general.parallel_search: candidates are evaluated one at a time, as general.executor names"
        " nothing else; lag is 16 where none is given",
        "a.yml:5  general.parallel_fully_train: networks are trained one at a time for now",
    ]
    assert (config.general.parallel_search, config.general.parallel_fully_train) == (True, True)
    alone = read(VEGA.replace("parallel_search: True", "parallel_search: False"))
    assert len([line for line in alone.warnings if "one at a time" in line]) == 1
    assert resolved(alone) != resolved(config)  # by the lag, which is the search's, not the machine's
    given = read(VEGA.replace("PruneAMC,", "PruneAMC, lag: 3,"))
    one = read(
        VEGA.replace("PruneAMC,", "PruneAMC, lag: 3,").replace("parallel_search: True", "parallel_search: False")
    )
    assert resolved(given) == resolved(one)  # so a resume may change parallel_search
    assert resolved(one)["nas"]["search_algorithm"]["lag"] == 3
    lags = [each.steps["nas"].settings.lag for each in (config, alone, one) if each.steps["nas"].settings]
    assert lags == [16, 1, 3]


def test_what_is_ignored_changes_nothing(read: Read) -> None:
    plain = read(
        """\
general: {device_category: NPU}
pipeline: [nas, train]
nas:
  pipe_step: {type: SearchPipeStep}
  model: {model_desc: {backbone: {type: ResNet_ModelZoo}}}
  dataset: {type: Imagenet, common: {data_path: data}}
  search_algorithm: {type: PruneAMC, lag: 16}
  trainer: {type: Trainer}
train:
  pipe_step: {type: TrainPipeStep}
  dataset: {ref: nas.dataset}
  model: {ref: nas.model}
  trainer: {ref: nas.trainer, epochs: 2}
"""
    )
    assert resolved(read(VEGA)) == resolved(plain)


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        ("distributed: False\n", "distributed: True\n", [
            "a.yml:30  nas.trainer.distributed: 'distributed' is not supported yet: one device trains a network",
        ]),
        ("mixup: False", "mixup: True", ["a.yml:32  nas.trainer.mixup: 'mixup' is not supported yet"]),
        ("with_train: True", "with_train: False", [
            "a.yml:29  nas.trainer.with_train: 'with_train' is not supported yet: say epochs: 0 for no training",
        ]),
        ("callbacks: ~", "callbacks: [MyCallback]", [
            "a.yml:33  nas.trainer.callbacks: 'callbacks' is not supported yet:"
            " progress, checkpoints and evaluation need none",
        ]),
        ("max_train_steps: ~", "max_train_steps: 5", [
            "a.yml:34  nas.trainer.max_train_steps: 'max_train_steps' is not supported yet:"
            " say epochs, or fewer samples in the dataset",
        ]),
        ("load_weights: True", "load_weights: False", [
            "a.yml:21  nas.pipe_step.load_weights: 'load_weights' is not supported yet:"
            " networks are trained on from the weights that the earlier step left",
        ]),
        ("TrainPipeStep", "HcclTrainStep", [
            "a.yml:38  train.pipe_step.type: 'HcclTrainStep' is not supported yet:"
            " it trains on several cards. TrainPipeStep trains on one",
        ]),
        ("nas:\n", "nas:\n  search_space: {type: SearchSpace}\n", [
            "a.yml:21  nas.search_space: 'search_space' is not supported yet:"
            " search_algorithm.lbound, rbound and specific_bound bound the search",
        ]),
        ("  trainer:\n    type: Trainer\n", "  trainer:\n    type: ScriptRunner\n    script: a.py\n", [
            "a.yml:26  nas.trainer.type: 'ScriptRunner' is not supported yet",
        ]),
    ],
)  # fmt: skip
def test_what_would_change_results_is_refused_by_name(problems: Problems, old: str, new: str, lines: list[str]) -> None:
    assert old in VEGA
    assert problems(VEGA.replace(old, new)) == lines


def test_a_component_that_takes_such_a_key_is_given_it(read: Read) -> None:
    config = read(VEGA.replace("type: Trainer", "type: Trainer\n    metric: accuracy"))
    trainer = config.steps["nas"].trainer
    assert trainer is not None and trainer.params == {"metric": "accuracy"}
