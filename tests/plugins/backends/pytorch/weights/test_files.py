"""Weights files that people have, in every layout, and files that are none, each named for what it is."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from weight_file_cases import BACKEND, ELSEWHERE, KEYS, LOADED, OTHER, REFUSED, STATE, Make, outcome, saved, under

from prunekit.core.weights import load_own, load_weights

RAN = Path("/tmp/prunekit_ran_code")


@pytest.mark.parametrize("name", LOADED)
def test_layouts_that_people_have(tmp_path: Path, name: str) -> None:
    content, said = LOADED[name]
    torch.save(content, tmp_path / "w.pth")
    loaded, told = outcome(tmp_path / "w.pth")
    assert loaded and (re.search(said, told) if said else not told), told


@pytest.mark.parametrize("name", KEYS)
def test_a_key_chooses(tmp_path: Path, name: str) -> None:
    content, key, said = KEYS[name]
    torch.save(content, tmp_path / "w.pth")
    loaded, told = outcome(tmp_path / "w.pth", key)
    assert loaded and said in told


def test_a_key_that_is_not_there(tmp_path: Path) -> None:
    torch.save({"model": STATE, "model_ema": OTHER}, tmp_path / "w.pth")
    assert "has no weights under 'model_emo'. Did you mean 'model_ema'?" in outcome(tmp_path / "w.pth", "model_emo")[1]
    assert "under 'x'; there are model, model_ema" in outcome(tmp_path / "w.pth", "x")[1]
    torch.save(STATE, tmp_path / "w.pth")
    assert "under 'ema'; its weights lie under no key: say none" in outcome(tmp_path / "w.pth", "ema")[1]


@pytest.mark.parametrize("name", ELSEWHERE)
def test_a_name_that_says_something_else(tmp_path: Path, name: str) -> None:
    file, make = ELSEWHERE[name]
    make(tmp_path / file)
    assert outcome(tmp_path / file)[0]


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_is_named_at_once_and_runs_nothing(tmp_path: Path, name: str) -> None:
    file, make, said = REFUSED[name]
    make(tmp_path / file)
    start = time.perf_counter()
    loaded, told = outcome(tmp_path / file)
    assert not loaded and re.search(said, told), told
    assert time.perf_counter() - start < 10 and "\n" not in told and not RAN.exists()
    assert not re.search("weights_only|allow_pickle|safe_globals", told)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    torch.save(STATE, tmp_path / "w.pth")
    (tmp_path / "w.pth").chmod(0)
    assert outcome(tmp_path / "w.pth")[1].endswith("w.pth cannot be read: Permission denied")


def test_nothing_is_unpacked_before_the_header_fits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make: Make = REFUSED["npz: 64 MiB in a small file"][1]
    make(tmp_path / "w.npz")
    assert (tmp_path / "w.npz").stat().st_size < 2**22

    def unpacked(*_: Any, **__: Any) -> None:
        raise AssertionError("unpacked")

    monkeypatch.setattr("numpy.lib.format.read_array", unpacked)
    assert not outcome(tmp_path / "w.npz")[0]


def test_a_prefix_that_the_network_has_itself_stays(tmp_path: Path) -> None:
    source, goal = (torch.nn.ModuleDict({"module": torch.nn.Linear(2, 2)}) for _ in range(2))
    for load in (load_weights, load_own):
        torch.save(source.state_dict(), tmp_path / "w.pth")
        load(BACKEND, goal, tmp_path / "w.pth")
        assert torch.equal(goal["module"].weight, source["module"].weight)
    torch.save(under("module.", source.state_dict()), tmp_path / "w.pth")
    assert load_weights(BACKEND, goal, tmp_path / "w.pth") == "without 'module.' in the names"


def test_stand_ins_are_gone_after_reading(tmp_path: Path) -> None:
    before = torch.serialization.get_safe_globals()
    saved({"model": STATE, "x": LOADED["model and everything that programs put beside"][0]["args"]})(tmp_path / "w.pth")
    assert outcome(tmp_path / "w.pth")[0]
    assert torch.serialization.get_safe_globals() == before
