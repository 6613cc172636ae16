from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from prunekit import trace
from prunekit.core.cost.counting import CountError, compare_counts
from prunekit.model_zoo.cifar_resnet.pytorch import ResNet20
from prunekit.plugins.cost_estimators.fvcore_pytorch import Fvcore

Cli = Callable[..., int]
Said = pytest.CaptureFixture[str]
IMAGE = np.ones((1, 3, 8, 8), np.float32)


class Named(nn.Module):
    """Called by name, returns a dict; a convolution at two depths, and a normalization that fvcore counts."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(2, 3, 1, 1))
        self.body = nn.Sequential(nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4), nn.Dropout())
        self.head = nn.Linear(4, 5)

    def forward(self, image: torch.Tensor, *, scale: torch.Tensor) -> dict[str, Any]:
        x = self.body(nn.functional.conv2d(image * scale, self.weight))
        return {"logits": self.head(x.mean((2, 3))), "features": [x, None]}


def test_each_modules_own_operators_by_our_names() -> None:
    network = Named().train()
    inputs = {"image": IMAGE, "scale": np.ones((1, 1, 1, 1), np.float32)}
    assert Fvcore().by_operator(network, inputs, "CPU") == {
        ("", "convolution"): 64 * 3 * 2,
        ("body.0", "convolution"): 64 * 9 * 2 * 4,
        ("body.1", "batch_norm"): 2 * 64 * 4,
        ("head", "linear"): 4 * 5,
    }
    assert all(module.training for module in network.modules())
    assert not any(module._forward_hooks for module in network.modules())


def test_it_agrees_with_the_price_but_for_what_is_not_priced() -> None:
    network, inputs = ResNet20().eval(), np.ones((1, 3, 32, 32), np.float32)
    rows = compare_counts(trace(network, inputs), Fvcore().by_operator(network, inputs, "CPU"))
    assert {row.kind for row in rows if row.modules} == {"batch_norm", "adaptive_avg_pool2d"}
    assert {row.kind: row.priced for row in rows if not row.modules} == {"convolution": 40_550_400, "linear": 640}


def test_without_fvcore(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fvcore.nn", None)
    with pytest.raises(CountError, match="pip install fvcore"):
        Fvcore().by_operator(ResNet20(), IMAGE, "CPU")


TINY = ("inspect", "--model", "TinyNet", "--input", "1x1x8x8", "--import", "tinypack", "-b", "pytorch")


def test_inspect_shows_both_by_operator(cli: Cli, capsys: Said) -> None:
    assert cli(*TINY, "--count-with", "fvcore") == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["MACs", "of", "prunekit", "fvcore", "difference", "in"] in lines
    assert ["convolution", "170,496", "170,496", "-"] in lines
    assert ["batch_norm", "0", "4,608", "+4,608", "features.7,", "features.4,", "features.1"] in lines
    assert ["all", "170,560", "175,168", "+4,608"] in lines
    assert cli(*TINY, "--count-with", "fvcore", "--json") == 0
    (found,) = json.loads(capsys.readouterr().out)["networks"]
    assert found["counted"][0] == {"kind": "convolution", "priced": 170_496, "counted": 170_496, "modules": []}
    assert cli(*TINY, "--json") == 0
    assert "counted" not in json.loads(capsys.readouterr().out)["networks"][0]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("fvcor", "no cost estimator named 'fvcor'. Did you mean 'fvcore'?"),
        ("flops", "cost estimator 'flops' counts no operators of a built network; name one that does"),
    ],
)
def test_what_counts_nothing(cli: Cli, capsys: Said, name: str, told: str) -> None:
    assert cli(*TINY, "--count-with", name) == 2
    said = capsys.readouterr()
    assert said.err == f"error: {told}\n" and said.out == ""  # before the structure is followed, which takes long


def test_a_network_that_cannot_be_counted(cli: Cli, capsys: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("cannot be traced")

    monkeypatch.setattr(Fvcore, "by_operator", fail)
    assert cli(*TINY, "--count-with", "fvcore") == 2
    assert capsys.readouterr().err == "error: TinyNet cannot be counted: RuntimeError: cannot be traced\n"


def test_as_a_measured_cost_it_is_the_sum_over_operators() -> None:
    small, large = nn.Sequential(nn.Conv2d(3, 2, 1)), nn.Sequential(nn.Conv2d(3, 4, 1))
    found = Fvcore().compare({"small": small, "large": large}, IMAGE, "CPU")
    assert [(turns.median, turns.conditions["batch_size"]) for turns in found.values()] == [(384e-6, 1), (768e-6, 1)]
