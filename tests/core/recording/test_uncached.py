"""Functions that keep their results."""

from __future__ import annotations

import sys
from functools import cache, lru_cache
from types import ModuleType

import pytest

from prunekit.core.recording.uncached import uncached

calls = []


@lru_cache(maxsize=4)
def kept(size):
    calls.append(size)
    return size


@pytest.fixture
def imported(monkeypatch):
    """A module that the code imports one function of, which calls another one that keeps results."""
    module = ModuleType("a_library")
    exec("def shapes(n): return kept_there(n)", module.__dict__)
    module.kept_there, module.shapes.__module__ = cache(lambda n: [n]), "a_library"
    monkeypatch.setitem(sys.modules, "a_library", module)
    return module


def test_they_are_computed_anew_inside(imported):
    calls.clear()
    before, space = kept, {"kept": kept, "shapes": imported.shapes}
    first = imported.shapes(2)
    assert kept(5) == kept(5) == 5 and calls == [5]
    with uncached([space], ()):
        assert space["kept"](5) == 5 and calls == [5, 5]
        assert imported.shapes(2) is not first
    assert space["kept"] is before and before.cache_info().currsize == 1
    assert imported.shapes(2) is first


def test_those_of_libraries_stay(imported):
    first = imported.shapes(2)
    with uncached([{"shapes": imported.shapes}], ("a_library",)):
        assert imported.shapes(2) is first
