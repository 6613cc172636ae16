"""A classifier's file into a detector's backbone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from prunekit.core.weights import LEAVES, Naming, WeightsError, load_backbone

CLASSIFIER = {
    "conv.weight": np.ones((2, 1)), "bn.weight": np.full(2, 2.0), "bn.num_batches_tracked": np.array(7),
    "fc.weight": np.ones((9, 2)), "fc.bias": np.ones(9),
}  # fmt: skip


class Detector:
    backbone_namings = (Naming("here", rules=()), Naming("there", rules=LEAVES))

    def __init__(self) -> None:
        self.arrays: dict[str, Any] = {
            "backbone.conv.weight": np.zeros((2, 1)), "backbone.bn.weight": np.zeros(2),
            "backbone.bn.num_batches_tracked": np.array(0), "head.weight": np.full((3, 2), 5.0),
        }  # fmt: skip


class Deeper(Detector):
    backbone_name = "backbone.body"

    def __init__(self) -> None:
        super().__init__()
        self.arrays = {name.replace("backbone.", "backbone.body."): array for name, array in self.arrays.items()}
        self.arrays["backbone.fpn.weight"] = np.full(4, 6.0)


class InNumPy:
    name = "numpy"
    weight_suffixes = ()

    def weight_shapes(self, network: Detector) -> dict[str, tuple[int, ...]]:
        return {name: array.shape for name, array in network.arrays.items()}

    def state_arrays(self, network: Detector) -> dict[str, Any]:
        return dict(network.arrays)

    def load(self, network: Detector, arrays: dict[str, Any]) -> None:
        assert arrays.keys() == network.arrays.keys()
        network.arrays = dict(arrays)

    def unsound_weights(self, network: Detector) -> dict[str, str]:
        return {}


BACKEND: Any = InNumPy()


def file(folder: Path, **changes: Any) -> Path:
    arrays = {**CLASSIFIER, **changes}
    np.savez(folder / "w.npz", **{name: array for name, array in arrays.items() if array is not None})
    return folder / "w.npz"


@pytest.mark.parametrize("kind, prefix", [(Detector, "backbone."), (Deeper, "backbone.body.")])
def test_the_backbone_is_taken_and_the_rest_left_as_it_was(tmp_path: Path, kind: type[Detector], prefix: str) -> None:
    network = kind()
    before = dict(network.arrays)
    told = load_backbone(BACKEND, network, file(tmp_path))
    assert told == f"2 arrays are the backbone of {kind.__name__}'s; left out: fc.weight, fc.bias"
    for name, array in network.arrays.items():
        short = name.removeprefix(prefix)
        assert np.array_equal(array, CLASSIFIER[short] if short != name else before[name])


def test_names_of_another_framework(tmp_path: Path) -> None:
    network = Detector()
    path = file(tmp_path, **{"bn.weight": None, "bn.num_batches_tracked": None, "bn.gamma": np.full(2, 3.0)})
    told = load_backbone(BACKEND, network, path)
    assert "named as in there" in told and network.arrays["backbone.bn.weight"].tolist() == [3, 3]


@pytest.mark.parametrize(
    "changes, said",
    [
        ({"bn.weight": None}, "1 missing: bn.weight"),
        ({"conv.weight": np.ones((3, 1))}, r"1 of another shape: conv.weight \[3, 1\] in the file, \[2, 1\]"),
    ],
)
def test_what_is_not_whole_changes_nothing(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    network = Detector()
    before = dict(network.arrays)
    with pytest.raises(WeightsError, match=f"w.npz does not fit the backbone of Detector .*{said}"):
        load_backbone(BACKEND, network, file(tmp_path, **changes))
    assert all(network.arrays[name] is array for name, array in before.items())


def test_a_network_without_a_backbone(tmp_path: Path) -> None:
    network = Detector()
    network.arrays = {"head.weight": np.zeros(2)}
    with pytest.raises(WeightsError, match="Detector has no part named 'backbone'; say pretrained_model_file"):
        load_backbone(BACKEND, network, file(tmp_path))
