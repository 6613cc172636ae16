"""A whole run and what it leaves; all of it from one run in a process of its own."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

Finished = tuple[Path, subprocess.CompletedProcess[str]]
Cli = Callable[..., int]
Said = pytest.CaptureFixture[str]
WORDS = ("tiny.yml", "--import", "tinypack", "-t", "t")


@pytest.fixture
def task(finished: Finished, tmp_path: Path) -> Path:
    """A copy of the finished task, to go on with."""
    shutil.copytree(finished[0], tmp_path, dirs_exist_ok=True)
    return tmp_path / "tasks" / "t"


def _change(folder: Path, *pairs: tuple[str, str]) -> None:
    text = (folder / "tiny.yml").read_text()
    for before, after in pairs:
        assert before in text
        text = text.replace(before, after)
    (folder / "tiny.yml").write_text(text)


def _reports(task: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((task / "output" / "reports.json").read_text())
    return found


def _best(task: Path, step: str = "nas") -> list[str]:
    return [row["worker_id"] for row in _reports(task)[step] if row["worker_id"] != "original"]


def test_what_a_run_leaves(finished: Finished) -> None:
    task = finished[0] / "tasks" / "t"
    best = _best(task)
    assert len(best) == 2
    kept = {f"{kind}_{n}.{end}" for n in best for kind, end in _NETWORK}
    expected = {
        ".lock",
        "logs/pipeline.log",
        *(f"output/{name}" for name in ("reports.json", "resolved.json", "summary.json", "tiny.yml")),
        *(f"output/pretrain/{name}" for name in ("output.csv", *(f"{kind}_0.{end}" for kind, end in _NETWORK))),
        *(f"output/nas/{name}" for name in kept | {f"{kind}_original.{end}" for kind, end in _NETWORK}),
        *(f"output/nas/{name}" for name in ("output.csv", "journal.jsonl", "train_curve.png", "graph.dot")),
        *(f"output/fully_train/{name}" for name in kept | {"output.csv"}),
    }
    found = {path.relative_to(task).as_posix() for path in task.rglob("*") if path.is_file()}
    assert found - {"output/nas/graph.svg"} == expected  # the picture is there where Graphviz is
    assert not list((task / "workers").iterdir())


_NETWORK = (("desc", "json"), ("performance", "json"), ("model", "safetensors"))


def test_reports_and_tables(finished: Finished) -> None:
    task = finished[0] / "tasks" / "t"
    reports = _reports(task)
    steps = {step["step_name"]: step for step in reports["_steps_"]}
    assert [*steps] == ["pretrain", "nas", "fully_train"]
    assert all(step["status"] == "finished" and step["end_time"] >= step["start_time"] for step in steps.values())
    assert steps["nas"]["best_models"] == _best(task) and steps["nas"]["num_models"] == 2
    rewards = [row["performance"]["reward"] for row in reports["nas"][1:]]
    assert rewards == sorted(rewards, reverse=True)
    for step in steps:
        rows = list(csv.DictReader((task / "output" / step / "output.csv").read_text().splitlines()))
        assert [row["worker_id"] for row in rows] == [record["worker_id"] for record in reports[step]]
        for row, record in zip(rows, reports[step], strict=True):
            performance = record["performance"]
            assert (
                json.loads((task / "output" / step / f"performance_{row['worker_id']}.json").read_text()) == performance
            )
            assert float(row["accuracy"]) == performance["test_correct"] / performance["test_total"]
            assert (finished[0] / record["desc_file"]).exists() and (finished[0] / record["model_path"]).exists()
    for record in reports["nas"][1:]:
        assert record["performance"]["macs_share"] <= 0.5
        trained = next(row for row in reports["fully_train"] if row["worker_id"] == record["worker_id"])
        assert trained["performance"]["macs"] == record["performance"]["macs"]


def test_the_summary(finished: Finished) -> None:
    folder, ended = finished
    names = sorted(_best(folder / "tasks/t"), key=int)
    rows = json.loads((folder / "tasks/t/output/summary.json").read_text())
    assert [row["network"] for row in rows] == ["original", *(f"fully_train {n}" for n in names)]
    assert all(row["latency_ms"] > 0 and row["latency_batch_size"] == 32 and row["file_bytes"] > 0 for row in rows)
    lines = ended.stdout.splitlines()
    assert any(
        line.split() == ["network", "accuracy", "MACs", "parameters", "latency", "file", "size"] for line in lines
    )
    for label in ("curve", "graph", "networks", "report"):
        path = next(line.split()[1] for line in lines if line.startswith(label))
        assert (folder / path).exists()


def test_what_a_run_says_elsewhere_than_on_a_terminal(finished: Finished) -> None:
    folder, ended = finished
    lines = ended.stdout.splitlines()
    assert "\x1b" not in ended.stdout
    assert ended.stderr == ""
    episodes = [line for line in lines if line.startswith("nas episode ")]
    assert [int(line.split()[2].rstrip(":")) for line in episodes] == [*range(1, 9)]
    assert all("reward" in line and "accuracy" in line and "flops" in line for line in episodes)
    warning = "warning: tiny.yml:4  pretrain.model: no pretrained_model_file: the network starts from a seeded"
    assert any(line.startswith(warning) for line in lines)  # longer than the 40 columns, on one line
    log = (folder / "tasks/t/logs/pipeline.log").read_text()
    assert all(line in log for line in episodes)


def test_an_existing_task_is_not_run_again_unasked(task: Path, cli: Cli, capsys: Said) -> None:
    before = {path: path.stat().st_mtime_ns for path in task.rglob("*")}
    assert cli(*WORDS) == 2
    assert capsys.readouterr().err == (
        "error: task t is already there (tasks/t); add -r to go on with it, or choose another -t\n"
    )
    assert {path: path.stat().st_mtime_ns for path in task.rglob("*")} == before


def test_even_an_empty_folder_is_not_taken_unasked(cli: Cli, tiny: str, tmp_path: Path) -> None:
    (tmp_path / "tiny.yml").write_text(tiny)
    (tmp_path / "tasks/t").mkdir(parents=True)
    assert cli(*WORDS) == 2
    assert not list((tmp_path / "tasks/t").iterdir())


def test_a_finished_task_says_so(task: Path, cli: Cli, capsys: Said, lasting: Callable[[Path], Any]) -> None:
    before = lasting(task)
    assert cli(*WORDS, "-r") == 0
    assert "every step has finished before; nothing to do" in capsys.readouterr().out
    assert lasting(task) == before


def test_a_changed_yml_is_refused_with_the_difference(task: Path, cli: Cli, capsys: Said) -> None:
    _change(task.parents[1], ("lbound: 0.1", "lbound: 0.2"), ("train_episode: 8", "train_episode: 5"))
    before = (task / "output/resolved.json").read_bytes()
    assert cli(*WORDS, "-r") == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == (
        "error: task t was begun with another yml or other flags; only train_episode may grow. Undo this, or choose"
        " another -t:"
    )
    assert sorted(lines[1:]) == [
        "  nas.search_algorithm.lbound: 0.1 -> 0.2",
        "  nas.search_algorithm.train_episode: 8 -> 5",
    ]
    assert (task / "output/resolved.json").read_bytes() == before


def test_a_yml_that_says_the_same_is_accepted(task: Path, cli: Cli) -> None:
    _change(task.parents[1], ("lbound: 0.1", "lbound: 1e-1\n    rbound: 1.0  # the default"))
    assert cli(*WORDS, "-r") == 0


def test_more_episodes_go_on_and_later_steps_are_done_again(task: Path, cli: Cli, tmp_path: Path) -> None:
    first = (task / "output/nas/journal.jsonl").read_bytes()
    stale = task / "workers/fully_train" / _best(task)[0] / "checkpoint"  # left by a kill: of another training
    stale.parent.mkdir(parents=True)
    stale.write_bytes(b"of another training")
    _change(tmp_path, ("train_episode: 8", "train_episode: 40"))
    assert cli(*WORDS, "-r") == 0
    assert (task / "output/nas/journal.jsonl").read_bytes().startswith(first)
    asked = [json.loads(line) for line in (task / "output/nas/journal.jsonl").read_text().splitlines()]
    assert len([entry for entry in asked if entry["event"] == "tell"]) == 40
    rewards = {e["id"]: e["result"]["reward"] for e in asked if e["event"] == "tell"}
    assert rewards[int(_best(task)[0])] == max(rewards.values())
    assert set(_best(task)) == set(_best(task, "fully_train"))
    for step in ("nas", "fully_train"):  # nothing is left of networks that are no longer among the best
        names = {path.stem.partition("_")[2] for path in (task / "output" / step).glob("desc_*.json")}
        assert names - {"original"} == set(_best(task))
    assert not list((task / "workers").iterdir())
    assert "pretrain: finished before" in (task / "logs/pipeline.log").read_text()


def test_a_crash_before_the_summary_loses_nothing(task: Path, cli: Cli, lasting: Callable[[Path], Any]) -> None:
    before = lasting(task)
    (task / "output/summary.json").unlink()
    assert cli(*WORDS, "-r") == 0
    assert lasting(task) == before


def test_a_task_may_be_moved(cli: Cli, tiny: str, tmp_path: Path, capsys: Said) -> None:
    weights = "    pretrained_model_file: '{local_base_path}/output/pretrain/model_0.safetensors'\n"
    (tmp_path / "tiny.yml").write_text(tiny.replace(weights, ""))
    assert cli(*WORDS) == 0
    (tmp_path / "tasks/t").rename(tmp_path / "moved")
    (tmp_path / "moved/output/summary.json").unlink()
    _change(tmp_path, ("general: {", "general: {task: {local_base_path: .}, "))
    assert cli("tiny.yml", "--import", "tinypack", "-t", "moved", "-r") == 0
    assert (tmp_path / "moved/output/summary.json").exists()


def test_resume_with_nothing_there(cli: Cli, tiny: str, tmp_path: Path, capsys: Said) -> None:
    (tmp_path / "tiny.yml").write_text(tiny)
    assert cli(*WORDS, "-r") == 2
    assert capsys.readouterr().err == "error: there is no task t to go on with; tasks has none\n"
    (tmp_path / "tasks/other").mkdir(parents=True)
    assert cli(*WORDS, "-r") == 2
    assert capsys.readouterr().err == "error: there is no task t to go on with; tasks has other\n"
    assert not (tmp_path / "tasks/t").exists()


def test_a_folder_that_is_no_task_is_left_alone(cli: Cli, tiny: str, tmp_path: Path, capsys: Said) -> None:
    (tmp_path / "tiny.yml").write_text(tiny)
    thesis = tmp_path / "tasks/t/workers/nas/thesis.txt"
    thesis.parent.mkdir(parents=True)
    thesis.write_text("years of work")
    assert cli(*WORDS, "-r") == 2
    assert "tasks/t is not the folder of a task" in capsys.readouterr().err
    assert [path for path in (tmp_path / "tasks").rglob("*") if path.is_file()] == [thesis]


def test_a_task_that_was_killed_as_it_began_goes_on(cli: Cli, tiny: str, tmp_path: Path) -> None:
    (tmp_path / "tiny.yml").write_text(tiny)
    (tmp_path / "tasks/t/output").mkdir(parents=True)
    (tmp_path / "tasks/t/.lock").touch()
    (tmp_path / "tasks/t/output/tiny.yml").write_text(tiny)
    assert cli(*WORDS, "-r") == 0
    assert _best(tmp_path / "tasks/t")


def test_resume_needs_a_task(cli: Cli, tiny: str, tmp_path: Path, capsys: Said) -> None:
    (tmp_path / "tiny.yml").write_text(tiny)
    assert cli("tiny.yml", "--import", "tinypack", "-r") == 2
    assert capsys.readouterr().err == "error: -r goes on with a task: name it with -t TASK_ID\n"
    assert not (tmp_path / "tasks").exists()


def test_one_process_at_a_time(task: Path, cli: Cli, capsys: Said) -> None:
    fcntl = pytest.importorskip("fcntl")
    with (task / ".lock").open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert cli(*WORDS, "-r") == 2
        assert capsys.readouterr().err == ("error: another process is at task t (tasks/t); wait for it or stop it\n")
    assert cli(*WORDS, "-r") == 0


@pytest.mark.parametrize("name", ["reports.json", "resolved.json"])
@pytest.mark.parametrize("content", ["{", "[]"])
def test_damaged_files_of_a_run(task: Path, cli: Cli, capsys: Said, name: str, content: str) -> None:
    (task / "output" / name).write_text(content)
    assert cli(*WORDS, "-r") == 2
    assert f"error: tasks/t/output/{name} is damaged" in capsys.readouterr().err


def test_an_edited_journal_is_refused(task: Path, cli: Cli, capsys: Said) -> None:
    journal = task / "output/nas/journal.jsonl"
    lines = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join(lines).replace('"counts": [', '"counts": [9, ', 1))
    _change(task.parents[1], ("train_episode: 8", "train_episode: 9"))
    assert cli(*WORDS, "-r") == 2
    assert "journal.jsonl:2: the line's check does not fit: it was edited, or a line" in capsys.readouterr().err


def test_failing_trials_are_recorded_and_skipped(
    cli: Cli, tiny: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    from results import counted

    from prunekit.core.search.evaluator import Evaluator
    from prunekit.core.search.trial import Result, Trial

    evaluate = Evaluator.__call__

    def fails(self: Evaluator, trial: Trial) -> Result:
        if trial.id == 1:
            raise RuntimeError("out of\nmemory [/bold]")
        if trial.id == 2:
            return counted(5, 10, float("nan"))
        return evaluate(self, trial)

    monkeypatch.setattr(Evaluator, "__call__", fails)
    (tmp_path / "tiny.yml").write_text(tiny)
    assert cli(*WORDS) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("nas episode 2: failed, flops ") and "memory [/bold]" in line for line in lines)
    assert any(line.startswith("nas episode 3: failed") and line.endswith("the loss is nan") for line in lines)
    tells = [json.loads(x) for x in (tmp_path / "tasks/t/output/nas/journal.jsonl").read_text().splitlines()]
    statuses = [entry["result"]["status"] for entry in tells if entry["event"] == "tell"]
    assert statuses == ["ok", "failed", "failed", *["ok"] * 5]
    assert not {"1", "2"} & set(_best(tmp_path / "tasks/t"))


def test_all_trials_failing_ends_the_run(
    cli: Cli, tiny: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    from prunekit.core.search.evaluator import Evaluator

    def fails(self: Evaluator, trial: Any) -> Any:
        raise ValueError("no such thing")

    monkeypatch.setattr(Evaluator, "__call__", fails)
    (tmp_path / "tiny.yml").write_text(tiny)
    assert cli(*WORDS) == 2
    assert capsys.readouterr().err == (
        "error: tiny.yml:15: nas: none of 8 trials gave a network; the first of them: ValueError: no such thing. What"
        " was tried stays so: mend it and start a new task with another -t, or go on with more train_episode\n"
    )
    steps = {s["step_name"]: s for s in _reports(tmp_path / "tasks/t")["_steps_"]}
    assert steps["nas"]["status"] == "error" and "no such thing" in steps["nas"]["message"]
    assert "fully_train" not in steps
    assert "Traceback" in (tmp_path / "tasks/t/logs/pipeline.log").read_text()


def test_a_reloaded_network_gives_the_saved_accuracy(finished: Finished, cli: Cli) -> None:
    import tinypack  # type: ignore[import-not-found]

    import prunekit
    from prunekit.core.api import backend_for
    from prunekit.core.data import batches

    task = finished[0] / "tasks/t"
    data = tinypack.TinyLights("test")
    for step, name in (
        ("pretrain", "0"),
        ("nas", "original"),
        *((s, n) for s in ("nas", "fully_train") for n in _best(task)),
    ):
        network = prunekit.load(task / "output" / step / f"desc_{name}.json")
        assert not network.training
        outputs = backend_for(network).run(network, batches(data, 32))
        correct = sum(int((np.argmax(o, 1) == t).sum()) for o, t in outputs)
        performance = json.loads((task / "output" / step / f"performance_{name}.json").read_text())
        assert correct == performance["test_correct"]
        graph = prunekit.trace(network, np.zeros((1, 1, 8, 8), np.float32))
        assert sum(np.prod(shape) for shape in graph.operators.parameter_shapes.values()) == performance["params"]
