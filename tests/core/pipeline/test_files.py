"""Files appear whole or not at all; configurations are compared key by key."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from prunekit.core.atomic_file import write_text
from prunekit.core.pipeline.reports import Reports, record, write_step
from prunekit.core.pipeline.run_folder import RunFolder, differences, write_json


def test_a_crash_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "deep" / "file.json"
    write_json(path, {"a": 1})

    def crash(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", crash)
    with pytest.raises(KeyboardInterrupt):
        write_text(path, "half of")
    assert json.loads(path.read_text()) == {"a": 1}
    assert list(path.parent.iterdir()) == [path]


def test_differences() -> None:
    before = {"pipeline": ["a", "b"], "nas": {"search_algorithm": {"train_episode": 5, "lbound": 0.1, "x": None}}}
    assert differences(before, json.loads(json.dumps(before))) == []
    longer = {**before, "nas": {"search_algorithm": {"train_episode": 6, "lbound": 0.1}}}
    assert differences(before, longer) == []
    other = {"pipeline": ["a"], "nas": {"search_algorithm": {"train_episode": 4, "lbound": 0.1, "new": 1}}}
    assert differences(before, other) == [
        "pipeline: ['a', 'b'] -> ['a']",
        "nas.search_algorithm.train_episode: 5 -> 4",
        "nas.search_algorithm.new: (nothing) -> 1",
    ]


def test_a_step_that_begins_again_takes_back_what_follows(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    reports = Reports(folder)
    for step in ("a", "b", "c"):
        reports.begin(step, f"key {step}", ())
        reports.end(step, [{"worker_id": "0"}])
    assert reports.finished("b", "key b") and not reports.finished("b", "another")
    reports.begin("b", "another", ("c",))
    again = Reports(folder)
    assert again.records("a") and not again.records("b") and not again.records("c")
    assert again.begun("b", "another") and not again.begun("b", "key b") and not again.begun("c", "key c")
    assert not again.finished("b", "another")


def test_files_of_networks_that_are_gone_are_removed(tmp_path: Path) -> None:
    for name in ("desc_3.json", "model_3.safetensors", "performance_3.json", "model_3.pth", "desc_original.json"):
        (tmp_path / name).write_text("{}")
    (tmp_path / "journal.jsonl").write_text("")
    rows = [record("nas", n, {"desc_file": f"desc_{n}.json"}, {"accuracy": 1.0}) for n in ("original", "13")]
    write_step(tmp_path, rows)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "desc_original.json", "journal.jsonl", "output.csv", "performance_13.json", "performance_original.json",
    ]  # fmt: skip
