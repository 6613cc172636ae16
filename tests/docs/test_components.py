"""The list of components names every one of them."""

from __future__ import annotations

import sys

import pytest
from components import markdown

from prunekit.registry import BrokenEntryError, Entry, Register, RegisterType


def test_every_component_is_named_with_its_backends() -> None:
    page = markdown(Register.entries())
    for entry in Register.entries():
        assert f"## `{entry.type.value}`\n" in page
        assert f"| `{entry.name}{'NAME' if entry.open else ''}` | " in page
    assert "| `latency` | mindspore, pytorch | Time of one forward, measured on the device. |" in page


def test_parameters_are_told_with_default_and_meaning() -> None:
    entries = Register.entries(RegisterType.DATASET)
    line = "| `train_portion` | `0.9` | Share of the training file that is not held out. |"
    assert line in markdown(entries)
    assert line not in markdown(entries, told={"dataset"})  # they stand elsewhere


def test_what_needs_another_framework_is_named_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mindspore", None)
    page = markdown([Entry(RegisterType.BACKEND, "other", "other", "mindspore.nowhere:Backend")])
    assert "| `other` | other | Needs mindspore" in page


def test_what_is_broken_fails_the_build() -> None:
    with pytest.raises(BrokenEntryError):
        markdown([Entry(RegisterType.METRIC, "broken", None, "no_such_package.nowhere:Metric")])
