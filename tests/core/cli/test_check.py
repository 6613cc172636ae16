"""``prunekit check``: the guide's yml, what is printed and where."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

Cli = Callable[..., int]
Said = pytest.CaptureFixture[str]

# The yml of the guide as printed, with general and pipeline added, its dots filled in, and every parameter of its
# table 2 and of the agent set.
GUIDE = """\
general:
  backend: BACKEND
  parallel_search: True
  parallel_fully_train: True

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
    pretrained_model_file: /path/to/pretrained_models/Resnet50.pth
  dataset:
    type: Imagenet
    train:
      batch_size: 64
      num_workers: 4
      drop_last: False
      shuffle: True
      data_path: &dataset_path /path/to/datasets/imagenet/ILSVRC/Data/CLS-LOC
      transforms:
        - type: RandomResizedCrop
          size: *image_size
        - type: RandomHorizontalFlip
        - type: ToTensor
        - type: Normalize
          mean: [0.485, 0.456, 0.406]
          std: [0.229, 0.224, 0.225]
    val:
      batch_size: 64
      data_path: *dataset_path
    test:
      batch_size: 64
      data_path: *dataset_path

  search_algorithm:
    type: PruneAMC
    objective_keys: 'accuracy'
    keep_pareto_top_k: 1
    plot_train_curve: True
    plot_graph_save_folder: '/tmp/debug_amc'
    # search configs
    train_episode: 1000
    lbound_preserve_ratio: 0.3
    reward_type: acc_flops
    target_latency: ~
    channel_round: 16
    lbound: 0.2
    rbound: 1.0
    seed: 5
    networkparser:
      replace_bn_list: ~
      replace_conv_list: ~
    agent:
      warmup: 20
      warmup_lbound: 0.4
      warmup_rbound: 0.9
      warmup_specific_bound: {3: [0.5, 0.8]}
      reward_scale: 1
      reward_gamma: 1
    specific_bound: {3: [0.5, 0.9], 7: [0.6, 0.6]}
    user_skip_module_id: [0]

  trainer:
    type: Trainer
    epochs: 1
    optimizer:
      type: SGD
      params:
        lr: 0.001
        momentum: 0.9

cls_fulltrain:
  pipe_step:
    type: TrainPipeStep
    # type: HcclTrainStep
    models_folder: '{local_base_path}/output/nas_amc'
  dataset:
    ref: nas.dataset
  trainer:
    ref: nas.trainer
    epochs: 30
""".replace("BACKEND", os.environ["PRUNEKIT_TEST_BACKEND"])


@pytest.fixture
def guide(cli: Cli, tmp_path: Path) -> Path:
    """The guide's yml with paths that exist."""
    (tmp_path / "Resnet50.pth").touch()  # check opens no weights, and counts images without opening them
    for number in range(20):
        image = tmp_path / "CLS-LOC" / ("train" if number % 2 else "val") / "n01440764" / f"{number}.JPEG"
        image.parent.mkdir(parents=True, exist_ok=True)
        image.touch()
    path = tmp_path / "resnet50_amc.yml"
    path.write_text(re.sub(r"/path/to/\S*/", "", GUIDE))
    return path


def test_the_guides_yml(cli: Cli, capsys: Said, guide: Path) -> None:
    assert cli("check", "resnet50_amc.yml") == 0
    said = capsys.readouterr()
    assert said.out == "resnet50_amc.yml: no mistakes found; 2 steps: nas, cls_fulltrain\n"
    assert said.err.splitlines() == [
        "warning: resnet50_amc.yml:3  general.parallel_search: candidates are evaluated one at a time, as"
        " general.executor names nothing else; lag is 16 where none is given",
        "warning: resnet50_amc.yml:4  general.parallel_fully_train: networks are trained one at a time for now",
        "warning: resnet50_amc.yml:83  cls_fulltrain.pipe_step.models_folder: no step 'nas_amc' in the pipeline;"
        " the networks of 'nas' are taken",
    ]


def test_the_guides_yml_on_several_cards(cli: Cli, capsys: Said, guide: Path) -> None:
    guide.write_text(guide.read_text().replace("type: TrainPipeStep", "type: HcclTrainStep"))
    assert cli("check", "resnet50_amc.yml") == 2
    assert capsys.readouterr().err == (
        "resnet50_amc.yml:81  cls_fulltrain.pipe_step.type: 'HcclTrainStep' is not supported yet:"
        " it trains on several cards. TrainPipeStep trains on one\n"
    )


def test_its_latency_form(cli: Cli, capsys: Said, guide: Path) -> None:
    text = guide.read_text().replace("acc_flops", "acc_abs_latency").replace("target_latency: ~", "target_latency: 9")
    guide.write_text(text)
    assert cli("check", "resnet50_amc.yml") == 0
    assert "no mistakes found" in capsys.readouterr().out


def test_what_is_printed_is_a_yml_of_the_same_meaning(cli: Cli, capsys: Said, guide: Path, tmp_path: Path) -> None:
    assert cli("check", "resnet50_amc.yml", "--print", "-d", "gpu", "-es", "3") == 0
    said = capsys.readouterr()
    assert "no mistakes found" in said.err
    found = yaml.safe_load(said.out)
    assert found["general"]["device_category"] == "GPU"
    assert found["nas"]["search_algorithm"]["agent"]["lr_actor"] == 0.0001  # a default
    assert found["nas"]["dataset"]["val"]["transforms"][0]["type"] == "RandomResizedCrop"
    assert found["cls_fulltrain"]["trainer"]["epochs"] == 3
    assert found["cls_fulltrain"]["trainer"]["optimizer"]["params"]["momentum"] == 0.9  # by its ref
    (tmp_path / "printed.yml").write_text(said.out)
    assert cli("check", "printed.yml", "--print") == 0
    assert yaml.safe_load(capsys.readouterr().out) == found


def test_what_cannot_be_checked_is_listed(cli: Cli, capsys: Said, tmp_path: Path, tiny: str) -> None:
    (tmp_path / "loose_own.py").write_text(
        "from anynet import Module\nfrom prunekit import Register, RegisterType\n\n\n"
        "@Register.register(RegisterType.NETWORK)\nclass Loose(Module):\n"
        "    def __init__(self, depth=3, **desc):\n        super().__init__()\n"
    )
    (tmp_path / "tiny.yml").write_text(tiny.replace("{type: TinyNet}", "{type: Loose, depth: 4, wdith: 2}"))
    assert cli("check", "tiny.yml", "--import", "tinypack", "--import", "loose_own") == 0
    said = capsys.readouterr()
    assert said.out == "tiny.yml: no mistakes found; 3 steps: pretrain, nas, fully_train\n"
    text = "Loose: cannot be checked: 'depth' (no annotation); 'wdith' (taken by **desc)"
    assert f"warning: tiny.yml:7  pretrain.model.model_desc.backbone: {text}" in said.err.splitlines()


@pytest.mark.parametrize("name", ["missing.yml", "folder.yml"])
@pytest.mark.parametrize("command", [["run"], ["check"], ["check", "--print"], ["inspect"], []])
def test_no_yml(cli: Cli, capsys: Said, tmp_path: Path, command: list[str], name: str) -> None:
    (tmp_path / "folder.yml").mkdir()
    assert cli(*command, name) == 2
    reason = {"missing.yml": "No such file or directory", "folder.yml": "Is a directory"}[name]
    assert capsys.readouterr() == ("", f"{name}  cannot be read: {reason}\n")
