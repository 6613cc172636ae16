"""A file into a network, by its own names or by those of a naming."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from prunekit.core.weights import LEAVES, Naming, WeightsError, load_own, load_weights

Arrays = dict[str, NDArray[Any]]
THERE = ("conv.weight", "bn.gamma", "end_point.bias")


class Net:
    namings = (Naming("here", rules=()), Naming("there", rules=(*LEAVES, (r"^end_point\.", "fc."))))

    def __init__(self) -> None:
        self.arrays = {
            "conv.weight": np.zeros((2, 1)), "bn.weight": np.zeros(2), "fc.bias": np.zeros(3),
            "bn.num_batches_tracked": np.array(0),
        }  # fmt: skip


class Plain(Net):
    namings = ()


class InNumPy:
    """As much of a backend as loading needs."""

    name = "numpy"
    weight_suffixes = ()

    def weight_shapes(self, network: Net) -> dict[str, tuple[int, ...]]:
        return {name: array.shape for name, array in network.arrays.items()}

    def load(self, network: Net, arrays: Arrays) -> None:
        network.arrays |= arrays

    def unsound_weights(self, network: Net) -> dict[str, str]:
        return {}


BACKEND: Any = InNumPy()


def file(folder: Path, **changes: Any) -> Path:
    arrays = dict(zip(THERE, (np.ones((2, 1)), np.full(2, 2.0), np.full(3, 3.0)), strict=True))
    arrays |= changes
    np.savez(folder / "w.npz", **{name: array for name, array in arrays.items() if array is not None})
    return folder / "w.npz"


def test_a_naming_is_found_and_said(tmp_path: Path) -> None:
    network = Net()
    told = load_weights(BACKEND, network, file(tmp_path))
    assert told == "named as in there, 2 of 3 names translated"
    assert [array.flat[0] for array in network.arrays.values()] == [1, 2, 3, 0]


def test_ones_own_names_are_not_worth_a_word(tmp_path: Path) -> None:
    network = Net()
    own = {"bn.gamma": None, "end_point.bias": None, "bn.weight": np.full(2, 4.0), "fc.bias": np.full(3, 5.0)}
    assert load_weights(BACKEND, network, file(tmp_path, **own)) is None
    assert [array.flat[0] for array in network.arrays.values()] == [1, 4, 5, 0]


def test_a_network_that_lists_no_naming_has_a_twin(tmp_path: Path) -> None:
    network = Plain()
    path = file(tmp_path, **{"end_point.bias": None, "fc.bias": np.full(3, 3.0)})
    assert load_weights(BACKEND, network, path) == "named as in its twin on another framework, 1 of 3 names translated"
    assert network.arrays["bn.weight"][0] == 2


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"conv.weight": None, "odd": np.zeros(1)},
            "1 missing: conv.weight; 1 unexpected: odd; names tried: its own, here, there; nearest: those of there",
        ),
        (
            {"end_point.bias": np.zeros(7)},
            "1 of another shape: fc.bias [7] in the file, [3] in the network",
        ),
        (
            {"end_point.bias": None, "bn.gamma": None},
            "2 missing: bn.weight, fc.bias; names tried: its own, here, there; nearest: its own",
        ),
    ],
)
def test_what_does_not_fit_changes_nothing(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    network = Net()
    with pytest.raises(WeightsError) as caught:
        load_weights(BACKEND, network, file(tmp_path, **changes))
    assert str(caught.value) == (
        f"{tmp_path}/w.npz does not fit Net (4 tensors): {said}; weights and network must be of one kind, with the same"
        " class_num and other parameters"
    )
    assert not any(array.any() for array in network.arrays.values())


def own(folder: Path, prefix: str = "", **more: Any) -> Path:
    """A file with the network's own names behind a prefix."""
    arrays = {name: np.ones(array.shape) for name, array in Net().arrays.items() if "num_b" not in name}
    np.savez(folder / "w.npz", **{prefix + name: array for name, array in arrays.items()}, **more)
    return folder / "w.npz"


@pytest.mark.parametrize("prefix", ["module.", "model.", "_orig_mod.", "module._orig_mod.", "backbone.", "a.b.c."])
def test_a_prefix_is_dropped_where_all_names_have_it(tmp_path: Path, prefix: str) -> None:
    network = Net()
    assert load_weights(BACKEND, network, own(tmp_path, prefix)) == f"without {prefix!r} in the names"
    assert [array.flat[0] for array in network.arrays.values()] == [1, 1, 1, 0]
    with pytest.raises(WeightsError, match=r"[14] unexpected: "):
        load_weights(BACKEND, network, own(tmp_path, prefix, odd=np.zeros(3)))


def test_a_prefix_before_the_names_of_a_naming(tmp_path: Path) -> None:
    arrays = dict(zip(THERE, (np.ones((2, 1)), np.full(2, 2.0), np.full(3, 3.0)), strict=True))
    np.savez(tmp_path / "w.npz", **{f"module.{name}": array for name, array in arrays.items()})
    told = load_weights(BACKEND, Net(), tmp_path / "w.npz")
    assert told == "without 'module.' in the names; named as in there, 2 of 3 names translated"


def test_what_training_left_is_said_and_left_out(tmp_path: Path) -> None:
    left = {"epoch_num": np.array(3), "lr": np.ones(9), "ema_updates": np.array([7])}
    assert load_weights(BACKEND, Net(), own(tmp_path, "", **left)) == (
        "left out what training needed: epoch_num, lr, ema_updates"
    )
    with pytest.raises(WeightsError, match="1 unexpected: logit_scale"):  # a weight may well be one number
        load_weights(BACKEND, Net(), own(tmp_path, "", logit_scale=np.array(3.0)))


def test_a_key_chooses_among_names_too(tmp_path: Path) -> None:
    network, average = Net(), {f"ema.{name}": np.full(array.shape, 5.0) for name, array in Net().arrays.items()}
    told = load_weights(BACKEND, network, own(tmp_path, "", **average))
    assert told == "the plain weights (there too: 'ema'; a key chooses: pretrained_model_key)"
    assert network.arrays["fc.bias"][0] == 1
    assert load_weights(BACKEND, network, own(tmp_path, "", **average), key="ema") == "the weights under 'ema'"
    assert network.arrays["fc.bias"][0] == 5


def test_numbers_are_read_only_where_the_header_fits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = own(tmp_path, "", **{"odd.weight": np.zeros(7)})

    def read(*_: Any, **__: Any) -> None:
        raise AssertionError("something was unpacked")

    monkeypatch.setattr("numpy.lib.format.read_array", read)
    with pytest.raises(WeightsError, match=r"1 unexpected: odd\.weight"):
        load_weights(BACKEND, Net(), path)


def test_a_counter_of_no_layer_is_dropped(tmp_path: Path) -> None:
    network = Net()
    load_weights(BACKEND, network, file(tmp_path, **{"odd.num_batches_tracked": np.array(5)}))
    assert network.arrays.keys() == Net().arrays.keys()


def test_where_names_must_be_ones_own(tmp_path: Path) -> None:
    network = Net()
    with pytest.raises(
        WeightsError, match=r"2 missing: bn\.weight, fc\.bias; 2 unexpected: bn\.gamma, end_point\.bias; w"
    ):
        load_own(BACKEND, network, file(tmp_path))
    assert not any(array.any() for array in network.arrays.values())
