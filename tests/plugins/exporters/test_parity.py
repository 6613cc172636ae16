"""What every exporter stands on, with a format of our own: an .npy file that holds a factor."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from prunekit.core.pipeline.exporting import ExportError
from prunekit.plugins.exporters.parity import Case, batches, named_arrays, write_checked

DATA = np.array([[1.0, -4.0]])


def writer(factor: float) -> Callable[[Path], int]:
    def write(path: Path) -> int:
        np.save(path, np.array(factor))
        return 7

    return write


def loader(path: Path) -> Callable[[Mapping[str, Any]], Sequence[Any]]:
    factor = np.load(path)
    return lambda arrays: [arrays["x"] * factor]


def cases(wanted: Any = None) -> list[Case]:
    return [Case({"x": DATA}, [2 * DATA if wanted is None else wanted], 1)]


def test_the_error_is_relative_to_the_largest_output(tmp_path: Path) -> None:
    found = write_checked(tmp_path / "deep" / "x", "own", ".npy", cases(), writer(2 + 1e-5), loader)
    assert found.parity_error == pytest.approx(5e-6) and (found.format, found.opset) == ("own", 7)
    assert np.load(found.path) == 2 + 1e-5


@pytest.mark.parametrize(
    ("factor", "wanted", "told"),
    [
        (2.01, None, "x was not written: its outputs differ from the network's by 5.0e-03 of the largest, more than"),
        (np.nan, None, "by inf of the largest"),
        (np.nan, np.nan * DATA, "by inf of the largest"),  # the network's own are no numbers either
        (np.inf, np.inf * DATA, "by inf of the largest"),
        (2.0, DATA[0], r"own file does not run with a batch of 1: its outputs have the shapes \[\[1, 2\]\]"),
    ],
)
def test_a_file_that_disagrees_is_not_kept(tmp_path: Path, factor: float, wanted: Any, told: str) -> None:
    path = tmp_path / "x"
    path.write_text("what was there")
    with pytest.raises(ExportError, match=told):
        write_checked(path, "own", ".npy", cases(wanted), writer(factor), loader)
    assert path.read_text() == "what was there" and len(list(tmp_path.iterdir())) == 1


def test_twice_as_many_samples_where_the_first_axis_counts_them() -> None:
    inputs = {"x": np.arange(6.0).reshape(2, 3), "table": np.arange(5), "ids": np.arange(2)}
    (first, one), (second, two) = batches(inputs, True)
    assert first is inputs and (one, two) == (2, 4)
    assert second["x"].tolist() == [[0, 1, 2], [3, 4, 5], [1, 0.5, 0], [2.5, 2, 1.5]]
    assert second["table"] is inputs["table"] and second["ids"].tolist() == [0, 1, 1, 0]
    assert batches(inputs, False) == [(inputs, 2)]


def test_arguments_by_their_names() -> None:
    def called(x: Any, y: Any = None, z: Any = None) -> None: ...

    assert list(named_arrays(called, {"y": DATA, "x": DATA})) == ["x", "y"]
    with pytest.raises(ExportError, match="z: only a network's first arguments"):
        named_arrays(called, {"x": DATA, "z": DATA})
    with pytest.raises(ExportError, match="input x is a int"):
        named_arrays(called, (3,))
