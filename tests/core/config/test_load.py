from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import pytest
import yaml
from pydantic import BaseModel, ConfigDict, Field

from prunekit.core.config import ComponentSpec, ConfigError, RunConfig, load_config, printable
from prunekit.core.config.dump import resolved
from prunekit.registry import Register, RegisterType

Read = Callable[..., RunConfig]
Problems = Callable[..., list[str]]

GUIDE = """\
general:
  backend: pytorch
pipeline: [nas, cls_fulltrain]

nas:
  pipe_step:
    type: SearchPipeStep
  model:
    model_desc:
      modules: ["backbone"]
      backbone:
        type: ResNet_ModelZoo
        version: resnet50
      image_size: &image_size 224
    pretrained_model_file: weights.pth
  dataset:
    type: Imagenet
    train:
      batch_size: 64
      num_workers: 4
      drop_last: False
      shuffle: True
      data_path: &dataset_path data

  search_algorithm:
    type: PruneAMC
    objective_keys: 'accuracy'
    keep_pareto_top_k: 1
    plot_train_curve: True
    plot_graph_save_folder: '/tmp/debug_amc'
    train_episode: 1000
    lbound_preserve_ratio: 0.3
    reward_type: acc_flops
    networkparser:
      replace_bn_list: ~
    agent:
      warmup: 20
    specific_bound: {3: [0.5, 0.5]}

  trainer:
    type: Trainer
    optimizer:
      type: SGD
      params:
        lr: 1e-3
        momentum: 0.9

cls_fulltrain:
  pipe_step:
    type: TrainPipeStep
    models_folder: '{local_base_path}/output/nas_amc'
  dataset:
    ref: nas.dataset
  trainer:
    ref: nas.trainer
    epochs: 3
"""


@pytest.fixture
def weights(read: Read) -> Path:
    path = Path("weights.pth")
    path.write_bytes(b"no weights: nobody opens this")
    return path


@pytest.mark.usefixtures("weights")
def test_the_guides_yml(read: Read) -> None:
    config = read(GUIDE, task_id="t1")
    nas, train = config.steps["nas"], config.steps["cls_fulltrain"]
    assert config.pipeline == ("nas", "cls_fulltrain")
    assert config.general.device_category == "CPU"
    assert config.general.task.folder == Path("tasks/t1")
    assert config.warnings == (
        "a.yml:51  cls_fulltrain.pipe_step.models_folder: no step 'nas_amc' in the pipeline;"
        " the networks of 'nas' are taken",
    )

    assert nas.model is not None and nas.model.network is not None
    assert nas.model.network == ComponentSpec(RegisterType.NETWORK, "ResNet_ModelZoo", {"version": "resnet50"})
    assert nas.model.network.where == "a.yml:11: nas.model.model_desc.backbone"
    assert nas.model.network.defaults == {"class_num": 10, "widths": None}
    assert nas.model.image_size == (224, 224)
    assert nas.model.pretrained_model_file == Path("weights.pth")

    assert nas.dataset is not None
    assert nas.dataset.train.dataset.params == {"data_path": Path("data")}
    assert nas.dataset.val.dataset == nas.dataset.train.dataset
    assert (nas.dataset.train.batch_size, nas.dataset.train.num_workers, nas.dataset.train.shuffle) == (64, 4, True)
    assert (nas.dataset.test.batch_size, nas.dataset.test.num_workers, nas.dataset.test.shuffle) == (64, 4, False)

    assert nas.settings is not None
    assert (nas.settings.train_episode, nas.objective.reward.name) == (1000, "acc_flops")
    assert nas.settings.specific_bound == {3: (0.5, 0.5)}
    assert nas.search_algorithm is not None
    assert nas.search_algorithm.params["agent"].warmup == 20

    assert nas.trainer is not None
    assert nas.trainer.params["optimizer"].lr == 0.001
    assert nas.pruning is not None
    assert nas.pruning.importance.name == "compensation"
    assert (nas.pruning.compensate, nas.pruning.recalibrate, nas.pruning.calibration_images) == (True, True, 1024)

    assert train.models_from == "nas" and train.models_folder is None
    assert train.model == nas.model and train.dataset == nas.dataset and train.pruning is None
    assert train.trainer is not None
    assert train.trainer.params == {**nas.trainer.params, "epochs": 3}
    assert train.pipe_step.name == "TrainPipeStep"


def test_no_framework_is_imported(read: Read, weights: Path) -> None:
    before = set(sys.modules)
    read(GUIDE)
    assert not {"torch", "mindspore"} & (set(sys.modules) - before)


@pytest.mark.usefixtures("weights")
def test_all_mistakes_at_once_each_on_one_line(problems: Problems) -> None:
    text = GUIDE
    for old, new in [
        ("backend: pytorch", "backend: pytorch\n  device_categroy: GPU\n  parallel_search: perhaps"),
        ("ResNet_ModelZoo", "ResNet_ModelZo"),
        ("batch_size: 64", "batch_size: 0"),
        ("num_workers: 4", "num_worker: 4"),
        ("train_episode: 1000", "train_episodes: 1000"),
        ("reward_type: acc_flops", "reward_type: acc_flop"),
        ("lr: 1e-3", "lr: fast"),
        ("    epochs: 3", "    epochs: 3\n    epochs: 4\n    device: CPU"),
        ("cls_fulltrain:\n", "cls_fulltrain:\n  evaluator: {}\n"),
        ("TrainPipeStep", "HcclTrainStep"),
    ]:
        assert old in text
        text = text.replace(old, new)
    assert problems(text) == [
        "a.yml:3  general.device_categroy: unknown key. Did you mean 'device_category'?",
        "a.yml:4  general.parallel_search: must be True or False, not 'perhaps'",
        "a.yml:14  nas.model.model_desc.backbone.type: no network named 'ResNet_ModelZo'."
        " Did you mean 'ResNet_ModelZoo'?",
        "a.yml:21  nas.dataset.train.batch_size: must be greater than 0, not 0",
        "a.yml:22  nas.dataset.train.num_worker: unknown key. Did you mean 'num_workers'?",
        "a.yml:33  nas.search_algorithm.train_episodes: unknown key. Did you mean 'train_episode'?",
        "a.yml:35  nas.search_algorithm.reward_type: no reward named 'acc_flop'. Did you mean 'acc_flops'?",
        "a.yml:47  nas.trainer.optimizer.params.lr: must be a number, not 'fast'",
        "a.yml:53  cls_fulltrain.pipe_step.type: 'HcclTrainStep' is not supported yet:"
        " it trains on several cards. TrainPipeStep trains on one",
        "a.yml:60  cls_fulltrain.trainer.epochs: duplicate key 'epochs' (first at line 59)",
        "a.yml:61  cls_fulltrain.trainer.device: 'device' is set by prunekit itself and cannot be given here",
    ]


SMALL = """\
pipeline: [nas]
nas:
  pipe_step: {type: SearchPipeStep}
  model: {model_desc: {backbone: {type: ResNet_ModelZoo}}}
  dataset: {type: Imagenet, common: {data_path: data}}
  search_algorithm: {type: PruneAMC}
"""


def test_a_small_yml_takes_defaults(read: Read) -> None:
    config = read(SMALL)
    assert config.warnings == (
        "a.yml:4  nas.model: no pretrained_model_file: the network starts from a seeded initialisation",
    )
    nas = config.steps["nas"]
    assert nas.trainer is None and nas.models_from is None
    assert nas.settings is not None and nas.settings.seed == 0
    assert config.general.task.task_id.count(".") == 2  # month and day, time, milliseconds


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        ("pipeline: [nas]", "pipeline: [nass]", [
            "a.yml:1  pipeline.0: no block named 'nass'. Did you mean 'nas'?",
        ]),
        ("pipeline: [nas]\n", "", ["a.yml:1  'pipeline' is missing: the list of the steps to run"]),
        ("pipeline: [nas]", "pipeline: nas", ["a.yml:1  pipeline: must be a list of steps, not 'nas'"]),
        ("pipeline: [nas]", "pipeline: [nas, nas, ../x, general, 3]", [
            "a.yml:1  pipeline.1: step 'nas' is there twice",
            "a.yml:1  pipeline.2: '../x' cannot be the name of a folder",
            "a.yml:1  pipeline.3: must be the name of a step, not 'general'",
            "a.yml:1  pipeline.4: must be the name of a step, not 3",
        ]),
        ("pipeline: [nas]", "pipeline: [nas, _steps_]", [
            "a.yml:1  pipeline.1: '_steps_' is a name of prunekit's own in the task's folder; call the step otherwise",
        ]),
        ("pipeline", "genral: {}\nseed: 3\npipeline", [
            "a.yml:1  genral: unknown key. Did you mean 'general'?",
            "a.yml:2  seed: unknown key.",
        ]),
        ("  search_algorithm: {type: PruneAMC}", "  search_algoritm: {type: PruneAMC}", [
            "a.yml:2  nas: section 'search_algorithm' is missing",
            "a.yml:6  nas.search_algoritm: unknown key. Did you mean 'search_algorithm'?",
        ]),
        ("  pipe_step: {type: SearchPipeStep}\n", "", ["a.yml:2  nas: section 'pipe_step' is missing"]),
        ("{type: SearchPipeStep}", "{type: SearchPipeStep, hps_folder: x, foo: 1}", [
            "a.yml:3  nas.pipe_step.hps_folder: 'hps_folder' is not supported yet",
            "a.yml:3  nas.pipe_step.foo: unknown key.",
        ]),
        ("SearchPipeStep", "SearchPipStep", [
            "a.yml:3  nas.pipe_step.type: no pipe step named 'SearchPipStep'."
            " Did you mean 'SearchPipeStep' or 'TrainPipeStep'?",
        ]),
        ("backbone: {type: ResNet_ModelZoo}", "backbone: {version: a}", [
            "a.yml:4  nas.model.model_desc.backbone: 'type' is missing",
        ]),
        ("backbone: {type: ResNet_ModelZoo}", "backbone: {type: ResNet_ModelZoo, class_nums: 3, widths: [1, b]}", [
            "a.yml:4  nas.model.model_desc.backbone.class_nums: unknown key. Did you mean 'class_num'?",
            "a.yml:4  nas.model.model_desc.backbone.widths.1: must be a whole number, not 'b'",
        ]),
        ("backbone: {type: ResNet_ModelZoo}", "backbone: {type: ResNet_ModelZoo, class_num: True}", [
            "a.yml:4  nas.model.model_desc.backbone.class_num: must be a number, not True",
        ]),
        ("backbone: {", "modules: [backbone, head], image_size: [1, 0], head: {type: A}, foo: 2, backbone: {", [
            "a.yml:4  nas.model.model_desc.head: 'head' is not supported yet: register one network that holds all of"
            " its parts, and name it as backbone",
            "a.yml:4  nas.model.model_desc.image_size.1: must be greater than 0, not 0",
            "a.yml:4  nas.model.model_desc.foo: unknown key.",
        ]),
        ("model_desc: {backbone: {type: ResNet_ModelZoo}}", "pretrained_model_file: none.pth, model_des: {}", [
            "a.yml:4  nas.model.model_des: unknown key. Did you mean 'model_desc' or 'model_desc_file'?",
            "a.yml:4  nas.model: 'model_desc' is missing",
            "a.yml:4  nas.model.pretrained_model_file: 'none.pth' does not exist",
        ]),
        ("model_desc: {backbone: {type: ResNet_ModelZoo}}",
         "model_desc: {backbone: {type: ResNet_ModelZoo}}, pretrained_model_key: ema", [
            "a.yml:4  nas.model.pretrained_model_key: goes with pretrained_model_file, which is missing",
        ]),
        ("model_desc: {backbone: {type: ResNet_ModelZoo}}",
         "model_desc: {backbone: {type: ResNet_ModelZoo}}, pretrained_model_file: a.yml,"
         " pretrained_backbone_file: a.yml", [
            "a.yml:4  nas.model.pretrained_backbone_file: the whole network's weights are given too; give one of the"
            " two",
        ]),
        ("data_path: data", "data_path: nowhere", [
            "a.yml:5  nas.dataset.common.data_path: 'nowhere' does not exist",
        ]),
        ("common: {data_path: data}", "trian: {}, train: 3", [
            "a.yml:5  nas.dataset.trian: unknown key. Did you mean 'train'?",
            "a.yml:5  nas.dataset.train: must be a block of keys, not 3",
            "a.yml:5  nas.dataset.data_path: is missing",
        ]),
        ("data_path: data", "data_path: data, split: val, transforms: [], crop: {size: x, paddd: 1, pa: 2}", [
            "a.yml:5  nas.dataset.common.split: 'split' is set by prunekit itself and cannot be given here",
            "a.yml:5  nas.dataset.common.transforms: unknown key.",
            "a.yml:5  nas.dataset.common.crop.size: must be a whole number, not 'x'",
            "a.yml:5  nas.dataset.common.crop.paddd: unknown key. Did you mean 'pad'?",
            "a.yml:5  nas.dataset.common.crop.pa: unknown key. Did you mean 'pad'?",
        ]),
        ("{type: PruneAMC}", "{type: PruneAMD}", [
            "a.yml:6  nas.search_algorithm.type: no search algorithm named 'PruneAMD'. Did you mean 'PruneAMC'?",
        ]),
        ("{type: PruneAMC}", "{type: PruneAMC, agent: {warmpu: 1}, lbound: 0.9, rbound: 0.2, space: 1}", [
            "a.yml:6  nas.search_algorithm: lbound 0.9 is above rbound 0.2",
            "a.yml:6  nas.search_algorithm.space: 'space' is set by prunekit itself and cannot be given here",
            "a.yml:6  nas.search_algorithm.agent.warmpu: unknown key. Did you mean 'warmup'?",
        ]),
        ("{type: PruneAMC}", "{type: PruneAMC, range: X, agnt: {}}", [
            "a.yml:6  nas.search_algorithm.range: 'range' is not supported yet: say lbound, rbound and specific_bound",
            "a.yml:6  nas.search_algorithm.agnt: unknown key. Did you mean 'agent'?",
        ]),
        ("nas:\n", "nas:\n  pruning:"
            " {importance: {type: compensatio}, refit: 1, calibration_images: 0, compensat: 1}\n", [
            "a.yml:3  nas.pruning.refit: 'refit' is not supported yet",
            "a.yml:3  nas.pruning.calibration_images: must be greater than 0, not 0",
            "a.yml:3  nas.pruning.compensat: unknown key. Did you mean 'compensate'?",
            "a.yml:3  nas.pruning.importance.type: no importance named 'compensatio'. Did you mean 'compensation'?",
        ]),
        ("nas:\n", "nas:\n  trainer: {type: Trainer, metric: acuracy, lr_scheduler: {type: StepLR, step_sizes: 1}}\n", [
            "a.yml:3  nas.trainer.lr_scheduler.step_sizes: unknown key. Did you mean 'step_size'?",
        ]),
        ("nas:\n", "nas:\n  trainer: {type: Trainer, metric: acuracy}\n", [
            "a.yml:3  nas.trainer.metric: no metric named 'acuracy'. Did you mean 'accuracy'?",
        ]),
        ("nas:\n", "nas:\n  trainer: {type: Trainer, optimizer: {type: SGD, lr: 1, params: {momentum: 0}}}\n", [
            "a.yml:3  nas.trainer.optimizer.params: give parameters beside 'type' or under 'params', not both",
        ]),
        ("pipeline", "general: {device_category: cpu, task: {task_id: 3}}\npipeline", [
            "a.yml:1  general.device_category: must be 'CPU', 'GPU' or 'NPU', not 'cpu'. Did you mean 'CPU'?",
            "a.yml:1  general.task.task_id: must be text, not 3",
        ]),
        ("pipeline", "general: {task: {task_id: a/b}}\npipeline", [
            "a.yml:1  general.task.task_id: 'a/b' cannot be the name of a folder",
        ]),
        ("pipeline", "general: {backend: pytorhc}\npipeline", [
            "a.yml:1  general.backend: no backend named 'pytorhc'. Did you mean 'pytorch'?",
        ]),
        (SMALL, "- a\n", ["a.yml:1  must hold 'pipeline' and a block for each step, not ['a']"]),
    ],
)  # fmt: skip
def test_mistakes(problems: Problems, old: str, new: str, lines: list[str]) -> None:
    assert old in SMALL
    assert problems(SMALL.replace(old, new)) == lines


def test_values_of_the_command_line_win_and_are_named_as_such(read: Read, problems: Problems) -> None:
    config = read(
        "general: {device_category: GPU, task: {local_base_path: out}}\n" + SMALL,
        device_category="NPU", task_id="x", backend=None,
    )  # fmt: skip
    assert (config.general.device_category, config.general.task.folder) == ("NPU", Path("out/x"))
    assert problems(SMALL, backend="torch", device_category="TPU", task_id="..") == [
        "command line  general.device_category: must be 'CPU', 'GPU' or 'NPU', not 'TPU'",
        "command line  general.task.task_id: '..' cannot be the name of a folder",
        "command line  general.backend: no backend named 'torch'. Did you mean 'pytorch'?",
    ]


def test_a_block_outside_of_the_pipeline_is_a_warning_unless_a_ref_uses_it(read: Read) -> None:
    text = SMALL + "later: {pipe_step: {type: TrainPipeStep}}\nbase:\n  trainer: {type: Trainer}\n"
    config = read(text + "", task_id="x")
    assert config.warnings[0] == "a.yml:7  later: not in the pipeline: this block is not used"
    config = read(text.replace("nas:\n", "nas:\n  trainer: {ref: base.trainer}\n", 1), task_id="x")
    assert [line for line in config.warnings if "not used" in line] == [
        "a.yml:8  later: not in the pipeline: this block is not used"
    ]
    assert config.steps["nas"].trainer == ComponentSpec(RegisterType.TRAINER, "Trainer")


TRAIN = (
    SMALL.replace("[nas]", "[nas, train]")
    + """\
train:
  pipe_step: {type: TrainPipeStep}
  dataset: {ref: nas.dataset}
  trainer: {type: Trainer}
"""
)


def test_without_models_folder_the_search_steps_networks_are_taken(read: Read) -> None:
    train = read(TRAIN).steps["train"]
    assert train.models_from == "nas" and train.model is not None and train.pruning is None


def test_a_step_with_a_model_of_its_own_says_what_it_does_not_take(read: Read) -> None:
    config = read(TRAIN + "  model: {ref: nas.model}\n")
    assert config.steps["train"].models_from is None
    assert (
        "a.yml:11  train.model: a model of its own and no models_folder: the networks of 'nas' are not taken"
        in config.warnings
    )


def test_models_folder(read: Read, problems: Problems) -> None:
    def text(folder: str) -> str:
        return TRAIN.replace("type: TrainPipeStep", f"type: TrainPipeStep, models_folder: '{folder}'")

    assert read(text("{local_base_path}/output/nas/")).steps["train"].models_from == "nas"
    assert read(text("tasks/t/output/nas"), task_id="t").steps["train"].models_from == "nas"
    Path("other").mkdir()
    train = read(text("other")).steps["train"]
    assert (train.models_from, train.models_folder, train.model) == (None, Path("other"), None)
    assert problems(text("tasks/u/output/nas"), task_id="t") == [
        "a.yml:8  train.pipe_step.models_folder: 'tasks/u/output/nas' does not exist"
    ]
    assert problems(text("{local_base_path}/output/train")) == [
        "a.yml:8  train.pipe_step.models_folder: step 'train' does not come before 'train' in the pipeline"
    ]


def test_a_section_that_the_pipe_step_does_not_take_is_a_mistake(problems: Problems) -> None:
    assert problems(TRAIN + "  evaluators: {}\n  search_algorithm: {type: PruneAMC}\n") == [
        "a.yml:11  train.evaluators: unknown key.",
        "a.yml:12  train.search_algorithm: TrainPipeStep has no section 'search_algorithm'",
    ]


def test_tilde_is_none_where_that_is_a_value_and_the_default_elsewhere(read: Read) -> None:
    text = SMALL.replace("ResNet_ModelZoo}", "ResNet_ModelZoo, widths: ~, version: ~}").replace(
        "{type: PruneAMC}", "{type: PruneAMC, agent: {warmup: ~}, train_episode: ~}"
    )
    nas = read(text.replace("data_path: data", "data_path: data, note: ~, mean: ~, batch_size: ~")).steps["nas"]
    assert nas.model is not None and nas.model.network is not None and nas.dataset is not None
    assert nas.model.network.params == {"widths": None}
    assert nas.dataset.val.dataset.params == {"data_path": Path("data"), "note": None}
    assert nas.dataset.val.batch_size == 64
    assert nas.settings is not None and nas.settings.train_episode == 800
    assert nas.search_algorithm is not None and nas.search_algorithm.params["agent"].warmup == 100


def test_values_are_stored_as_annotated(read: Read) -> None:
    text = SMALL.replace("data_path: data", "data_path: data, crop: {size: 8}, mean: [1, 2], note: {3: x}")
    dataset = read(text).steps["nas"].dataset
    assert dataset is not None
    params = dataset.train.dataset.params
    assert type(params["crop"]).__name__ == "Crop" and params["crop"].size == 8
    assert params["mean"] == (1.0, 2.0)
    assert params["note"] == {3: "x"}  # not annotated: as it stands


def test_what_a_constructor_leaves_unchecked_is_told(read: Read) -> None:
    text = SMALL.replace("ResNet_ModelZoo", "OpenNet, foo: [1, 2], class_num: 3, bar: 1")
    config = read(text.replace("data_path: data", "data_path: data, note: 1"))
    model = config.steps["nas"].model
    assert model is not None and model.network is not None
    assert model.network.params == {"foo": [1, 2], "bar": 1, "class_num": 3}
    assert [line for line in config.warnings if "checked" in line] == [
        "a.yml:4  nas.model.model_desc.backbone: OpenNet: cannot be checked: 'foo', 'bar' (taken by **desc)",
        "a.yml:5  nas.dataset: Imagenet: cannot be checked: 'note' (no annotation)",
    ]
    assert not [line for line in read(SMALL.replace("ResNet_ModelZoo", "OpenNet")).warnings if "checked" in line]


def test_dataset_splits(read: Read) -> None:
    text = SMALL.replace(
        "common: {data_path: data}",
        "common: {data_path: data, num_workers: 2}, train: {note: t, batch_size: 8, drop_last: True}, test: {note: e}",
    )
    dataset = read(text).steps["nas"].dataset
    assert dataset is not None
    assert [split.dataset.params["note"] for split in (dataset.train, dataset.val, dataset.test)] == ["t", "t", "e"]
    assert [split.batch_size for split in (dataset.train, dataset.val, dataset.test)] == [8, 8, 8]
    assert [split.drop_last for split in (dataset.train, dataset.val, dataset.test)] == [True, False, False]
    assert [split.shuffle for split in (dataset.train, dataset.val, dataset.test)] == [True, False, False]
    assert dataset.test.num_workers == 2
    assert dataset.test.dataset.where == "a.yml:5: nas.dataset.test"


@pytest.mark.usefixtures("weights")
def test_the_resolved_form_is_json_reads_again_and_knows_no_spelling(read: Read, tmp_path: Path) -> None:
    first = resolved(read(GUIDE, task_id="one"))
    assert json.loads(json.dumps(first)) == first
    assert first["general"]["device_category"] == "CPU" and "task" not in first["general"]
    assert first["cls_fulltrain"]["pipe_step"]["models_folder"] == "{local_base_path}/output/nas"
    assert first["nas"]["trainer"]["epochs"] == 1 and first["cls_fulltrain"]["trainer"]["epochs"] == 3

    again = tmp_path / "again.yml"
    again.write_text(yaml.safe_dump(first))
    assert resolved(load_config(again, {"task_id": "two"})) == first

    other = GUIDE
    for old, new in [
        ("      params:\n        lr: 1e-3\n        momentum: 0.9", "      momentum: 0.9\n      lr: 0.001"),
        ("image_size 224", "image_size [224, 224]"),
        ("output/nas_amc", "output/nas"),
        ("      drop_last: False\n", ""),
        ("    ref: nas.dataset", "    type: Imagenet\n    common: {num_workers: 4}\n    train: {data_path: ./data}"),
        ("  backend: pytorch", "  device_category: CPU"),
    ]:
        assert old in other
        other = other.replace(old, new)
    assert resolved(read(other, task_id="three")) == first
    assert resolved(read(other.replace("0.001", "0.002"))) != first


def test_the_printable_form_reads_as_the_same_configuration(read: Read, tmp_path: Path) -> None:
    text = "general: {parallel_search: True, task: {local_base_path: out}}\n" + SMALL
    config = read(text)
    shown = printable(config)
    assert shown["general"]["parallel_search"] is True
    assert shown["general"]["task"] == {"local_base_path": "out"}  # another run is another task
    assert printable(read(text, task_id="x"))["general"]["task"] == {"local_base_path": "out", "task_id": "x"}
    again = tmp_path / "again.yml"
    again.write_text(yaml.safe_dump(shown))
    assert printable(load_config(again)) == shown
    assert resolved(load_config(again)) == resolved(config)


class Flip(BaseModel):
    model_config = ConfigDict(extra="forbid")
    type: Literal["Flip"]
    p: float = 0.5


class Scale(BaseModel):
    model_config = ConfigDict(extra="forbid")
    type: Literal["Scale"]
    size: int


class Pictures:
    def __init__(self, transforms: list[Annotated[Flip | Scale, Field(discriminator="type")]]) -> None: ...


def test_lists_of_blocks_reach_the_constructor_as_annotated(read: Read, problems: Problems) -> None:
    """As the transforms of a dataset."""

    Register.register(RegisterType.DATASET, Pictures, name="Pictures")
    text = SMALL.replace("Imagenet", "Pictures")
    old = "common: {data_path: data}"
    dataset = (
        read(text.replace(old, "train: {transforms: [{type: Scale, size: 8}, {type: Flip}]}")).steps["nas"].dataset
    )
    assert dataset is not None
    assert dataset.val.dataset.params == {"transforms": [Scale(type="Scale", size=8), Flip(type="Flip")]}
    assert problems(text.replace(old, "train: {transforms: [{type: Scale, sice: 8}, {type: Flap}]}")) == [
        "a.yml:5  nas.dataset.train.transforms.0.size: is missing",
        "a.yml:5  nas.dataset.train.transforms.0.sice: unknown key. Did you mean 'size'?",
        "a.yml:5  nas.dataset.train.transforms.1: no type 'Flap'; there are 'Flip', 'Scale'",
    ]
    assert problems(text.replace(old, "train: {transforms: [{p: 0.1}]}")) == [
        "a.yml:5  nas.dataset.train.transforms.0: 'type' is missing",
    ]


def test_problems_can_be_used_one_by_one(read: Read) -> None:
    with pytest.raises(ConfigError) as caught:
        read(SMALL.replace("PruneAMC", "PruneAMD"))
    (found,) = caught.value.problems
    assert (found.file, found.line, found.path) == ("a.yml", 6, "nas.search_algorithm.type")
