"""The metric that a step judges networks by: the yml's, the network's own, the dataset's own, accuracy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from prunekit.registry import Register, RegisterType

YML = """\
general: {backend: pytorch}
pipeline: [nas, fully_train]
nas:
  pipe_step: {type: SearchPipeStep}
  model: {model_desc: {backbone: {type: NETWORK}}}
  dataset: &data {type: DATA, common: {data_path: data}}
  search_algorithm: {type: PruneAMC, objective_keys: METRIC}
fully_train:
  pipe_step: {type: TrainPipeStep}
  dataset: *data
  trainer: {type: Trainer}
"""


class Net:
    metric = "mIoU"


class Masks:
    metric, targets = "pixels", "masks"

    def __init__(self, split: str, data_path: str) -> None: ...


class Labels:
    targets = "labels"

    def __init__(self, split: str, data_path: str) -> None: ...


@pytest.fixture(autouse=True)
def parts(components: None) -> None:
    for kind, name, component in [
        (RegisterType.NETWORK, "Net", Net),
        (RegisterType.NETWORK, "Plain", type("Plain", (), {})),
        (RegisterType.DATASET, "Masks", Masks),
        (RegisterType.DATASET, "Labels", Labels),
        (RegisterType.DATASET, "Unknown", type("Unknown", (Labels,), {"targets": None})),
        (RegisterType.METRIC, "mIoU", type("MIoU", (), {"judges": "masks"})),
        (RegisterType.METRIC, "pixels", type("Pixels", (), {"judges": "masks"})),
        (RegisterType.METRIC, "accuracy", type("Accuracy", (), {"judges": "labels"})),
    ]:
        Register.register(kind, component, name=name, backend="pytorch", override=True)


def filled(network: str, data: str, metric: str) -> str:
    return YML.replace("NETWORK", network).replace("DATA", data).replace("METRIC", metric)


@pytest.mark.parametrize(
    ("network", "data", "named", "metric"),
    [
        ("Net", "Masks", "pixels", "pixels"),
        ("Net", "Masks", "~", "mIoU"),
        ("Plain", "Masks", "~", "pixels"),
        ("Plain", "Labels", "~", "accuracy"),
        ("Net", "Unknown", "[mIoU]", "mIoU"),
    ],
)
def test_whose_word_counts(read: Callable[..., Any], network: str, data: str, named: str, metric: str) -> None:
    steps = read(filled(network, data, named)).steps
    assert [steps[name].metric for name in ("nas", "fully_train")] == [metric, metric]


def test_a_metric_that_does_not_fit_the_dataset_is_refused(problems: Callable[..., list[str]]) -> None:
    found = problems(filled("Plain", "Masks", "accuracy"))
    said = "metric 'accuracy' judges labels, but the targets of Masks are masks; choose mIoU or pixels"
    assert found[0] == f"a.yml:7  nas.search_algorithm.objective_keys: {said}"
    assert all(said in line for line in found)


class Plainly:
    """A trainer that takes no metric itself."""

    def __init__(self, epochs: int = 1) -> None: ...


@pytest.mark.parametrize("written", ["pixels", "{type: pixels}"])
def test_a_training_may_be_judged_by_a_metric_of_its_own(read: Callable[..., Any], written: str) -> None:
    Register.register(RegisterType.TRAINER, Plainly, backend="pytorch")
    text = filled("Net", "Masks", "mIoU").replace("{type: Trainer}", f"{{type: Plainly, metric: {written}}}")
    steps = read(text).steps
    assert [steps[name].metric for name in ("nas", "fully_train")] == ["mIoU", "pixels"]


def test_a_metric_of_the_trainer_that_is_none(problems: Callable[..., list[str]]) -> None:
    Register.register(RegisterType.TRAINER, Plainly, backend="pytorch")
    text = filled("Net", "Masks", "mIoU")
    wrong = text.replace("{type: Trainer}", "{type: Plainly, metric: pixls}")
    assert problems(wrong) == ["a.yml:11  fully_train.trainer.metric: no metric named 'pixls'. Did you mean 'pixels'?"]
    other = text.replace("objective_keys: mIoU}", "objective_keys: mIoU}\n  trainer: {type: Plainly, metric: pixels}")
    assert problems(other) == [
        "a.yml:8  nas.trainer.metric: a search judges by search_algorithm.objective_keys; say it there"
    ]
