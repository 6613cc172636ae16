from __future__ import annotations

import warnings
from typing import Any

import pytest

from prunekit.core.config import ComponentSpec, SplitConfig
from prunekit.core.data import DataWarning
from prunekit.core.pipeline import datasets
from prunekit.core.pipeline.datasets import Datasets
from prunekit.registry import RegisterType


@pytest.fixture(autouse=True)
def _doubtful(monkeypatch: pytest.MonkeyPatch) -> None:
    """Datasets that warn of their data, all in the same words but for test, and of something else."""

    def make(spec: ComponentSpec, backend: str, split: str) -> list[Any]:
        warnings.warn("2 boxes dropped" if split != "test" else "1 box dropped", DataWarning, stacklevel=1)
        warnings.warn("soon", FutureWarning, stacklevel=1)
        return []

    monkeypatch.setattr(datasets, "make_component", make)


def split(place: str) -> SplitConfig:
    return SplitConfig(
        ComponentSpec(RegisterType.DATASET, "Doubtful", where=f"a.yml:3: nas.dataset.{place}"), 1, 0, False, False
    )


def test_what_datasets_warn_of_is_told_once() -> None:
    told = list[str]()
    made = Datasets("pytorch", told.append)
    with pytest.warns(FutureWarning, match="soon") as caught:
        for name in ("train", "val", "test", "train"):
            made.of(split(name), name)
    assert told == ["a.yml:3: nas.dataset.train: 2 boxes dropped", "a.yml:3: nas.dataset.test: 1 box dropped"]
    assert {each.category for each in caught} == {FutureWarning}


@pytest.mark.filterwarnings("ignore:soon:FutureWarning")
def test_a_process_that_works_for_another_tells_nobody(capfd: pytest.CaptureFixture[str]) -> None:
    Datasets("pytorch").of(split("train"), "train")
    assert capfd.readouterr() == ("", "")


@pytest.mark.filterwarnings("error::FutureWarning")
def test_other_warnings_keep_what_is_to_be_done_with_them() -> None:
    with pytest.raises(FutureWarning):
        Datasets("pytorch").of(split("train"), "train")
