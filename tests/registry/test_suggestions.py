from __future__ import annotations

from collections.abc import Iterable

import pytest

from prunekit.registry import did_you_mean, nearest, nearest_or_all

NETWORKS = ("ResNet8", "ResNet56", "ResNet20", "MobileNetV2", "resnet_plain")


@pytest.mark.parametrize(
    ("name", "names", "found"),
    [
        ("ResNet5", NETWORKS, ["ResNet56", "ResNet8", "ResNet20"]),
        ("resnet8", NETWORKS, ["ResNet8", "ResNet56", "ResNet20"]),
        ("zzz", NETWORKS, []),
        ("lr", ["LR", "lr", 3], ["lr"]),
        (33, [3, 333], ["333", "3"]),
        (None, iter(["nono"]), ["nono"]),
        ("x", [], []),
    ],
)
def test_the_nearest_names(name: object, names: Iterable[object], found: list[str]) -> None:
    assert nearest(name, names) == found


def test_fewer_names_and_a_higher_cutoff() -> None:
    assert nearest("ResNet5", NETWORKS, most=1) == ["ResNet56"]
    assert nearest("ResNet5", NETWORKS, cutoff=0.9) == ["ResNet56"]
    assert nearest("ResNet5", NETWORKS, cutoff=0.95) == []


def test_the_sentences() -> None:
    assert did_you_mean("ResNet5", NETWORKS) == " Did you mean 'ResNet56' or 'ResNet8' or 'ResNet20'?"
    assert did_you_mean("ResNet5", NETWORKS, most=1) == " Did you mean 'ResNet56'?"
    assert did_you_mean("resnet8", NETWORKS) == " Did you mean 'ResNet8'?"
    assert did_you_mean("zzz", NETWORKS) == ""
    assert nearest_or_all("SDG", iter(["Adam", "SGD"])) == ". Did you mean 'SGD'?"
    assert nearest_or_all("zzz", iter(["Adam", "SGD"])) == "; there are Adam, SGD"
