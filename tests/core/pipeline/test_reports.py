from __future__ import annotations

from pathlib import Path

from prunekit.core.pipeline.reports import Reports, record, write_step
from prunekit.core.pipeline.run_folder import RunFolder


def test_a_step_that_begins_again_takes_back_what_follows(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    reports = Reports(folder)
    for step in ("a", "b", "c"):
        reports.begin(step, (f"key {step}", f"begun {step}"), ())
        reports.end(step, [{"worker_id": "0"}])
    assert reports.finished("b", "key b") and not reports.finished("b", "another")
    reports.begin("b", ("another", "begun"), ("c",))
    again = Reports(folder)
    assert again.records("a") and not again.records("b") and not again.records("c")
    assert again.begun("b", "begun") and not again.begun("b", "begun b") and not again.begun("c", "begun c")
    assert not again.finished("b", "another")


def test_files_of_networks_that_are_gone_are_removed(tmp_path: Path) -> None:
    for name in ("desc_3.json", "model_3.safetensors", "performance_3.json", "model_3.pth", "desc_original.json"):
        (tmp_path / name).write_text("{}")
    (tmp_path / "journal.jsonl").write_text("")
    rows = [record("nas", n, {"desc_file": f"desc_{n}.json"}, {"mAP": 1.0}, "mAP") for n in ("original", "13")]
    write_step(tmp_path, rows)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "desc_original.json", "journal.jsonl", "output.csv", "performance_13.json", "performance_original.json",
    ]  # fmt: skip
