"""A finished run whose files were changed by hand, gone on with: one line, never a traceback, never another result."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from importlib_metadata import version

from prunekit.core.pipeline.resuming import Dependence, step_keys
from prunekit.core.search.journal_line import check_of

Cli = Callable[..., int]
Said = pytest.CaptureFixture[str]
Finished = tuple[Path, Any]
OURS = version("prunekit")
WORDS = ("tiny.yml", "--import", "tinypack", "-t", "t", "-r")


@pytest.fixture
def output(finished: Finished, tmp_path: Path) -> Path:
    """The output of a copy of the finished task, whose search is to go on."""
    shutil.copytree(finished[0], tmp_path, dirs_exist_ok=True)
    yml = tmp_path / "tiny.yml"
    yml.write_text(yml.read_text().replace("train_episode: 8", "train_episode: 9"))
    return tmp_path / "tasks" / "t" / "output"


@pytest.fixture
def told(cli: Cli, capsys: Said) -> Callable[[], str]:
    """Go on with the task, which is refused; return the line that says why."""

    def refused() -> str:
        assert cli(*WORDS) == 2
        (line,) = capsys.readouterr().err.splitlines()
        return line

    return refused


def _journal(output: Path, change: Callable[[list[dict[str, Any]]], object], sealed: bool = False) -> None:
    """Change the journal's entries; ``sealed`` gives every line a check that fits."""
    path = output / "nas/journal.jsonl"
    entries = [json.loads(line) for line in path.read_text().splitlines()]
    change(entries)
    before = ""
    for entry in entries if sealed else ():
        del entry["check"]
        before = entry["check"] = check_of(entry, before)
    path.write_text("".join(json.dumps(entry) + "\n" for entry in entries))


def _set(*keys: Any, to: Any) -> Callable[[list[dict[str, Any]]], None]:
    def change(entries: Any) -> None:
        for key in keys[:-1]:
            entries = entries[key]
        entries[keys[-1]] = to

    return change


JOURNAL = "error: tiny.yml:15: nas: tasks/t/output/nas/journal.jsonl"


@pytest.mark.parametrize(
    "change",
    [
        _set(-1, "result", "reward", to=0.5),
        lambda entries: (
            _set(-1, "result", "metric", "value", to=1.0)(entries),
            _set(-1, "result", "reward", to=0.0)(entries),
        ),
        _set(-1, "measured", "run", to=0.5),
        lambda entries: entries.insert(15, entries.pop()),
        lambda entries: entries.pop(14),
    ],
)
def test_lines_that_were_edited_moved_or_cut_out(
    output: Path, told: Callable[[], str], change: Callable[[list[dict[str, Any]]], object]
) -> None:
    """Of lines that could stand so in a journal."""
    before = (output / "nas/output.csv").read_bytes()
    _journal(output, change)
    assert re.fullmatch(
        rf"{JOURNAL}:1[5-7]: the line's check does not fit: it was edited, or a line before it is gone or out of its"
        r" place\. Restore the file, or start a new task",
        told(),
    )
    assert (output / "nas/output.csv").read_bytes() == before


def test_another_reward_does_not_win(output: Path, told: Callable[[], str]) -> None:
    before = (output / "nas/output.csv").read_bytes()
    _journal(output, _set(-1, "result", "reward", to=0.5), sealed=True)
    line = told()
    assert line.startswith(f"{JOURNAL}: trial 7 has the reward 0.5, but its metric and costs give -")
    assert line.endswith("Restore the file, or start a new task")
    assert (output / "nas/output.csv").read_bytes() == before


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_set(-1, "result", "metric", "value", to=0.999), ": trial 7 has the reward -"),
        (_set(-1, "result", "reward_error", to=9.0), ": trial 7 has the reward_error 9, but its metric and costs"),
        (_set(-1, "result", "reward", to=None), ": trial 7 has the reward None, but "),
        (_set(-1, "result", "status", to="skipped"), ": trial 7 is skipped and has a reward"),
        (_set(-1, "result", "status", to="best"), ":17: not a line of a journal (tell.result.status: "),
        (_set(-1, "result", "metric", "loss", to="low"), ":17: not a line of a journal (tell.result.metric.loss"),
        (_set(-1, "result", to=None), ":17: not a line of a journal (tell.result: "),
        (_set(-1, "measured", to=[1]), ":17: not a line of a journal (tell.measured: "),
        (_set(-1, "id", to="7"), ":17: not a line of a journal (tell.id: "),
        (_set(-1, to={"event": "tell", "check": ""}), ":17: not a line of a journal (tell.id: "),
        (_set(5, "event", to=["ask"]), ":6: not a line of a journal (it is no line of a journal)"),
        (_set(-1, "id", to=8), ":17: trial 8 was not asked: the file was edited. Restore it, or start a new task"),
        (_set(-1, "id", to=6), ":17: trial 6 has its result already: the file was edited. "),
        (_set(-2, "id", to=8), ":16: trial 8 is asked where trial 7 is next: the file was edited. "),
        (lambda entries: entries.append(entries[0].copy()), ":18: not a line of a journal (a search starts once"),
        (_set(0, "format", to="notes"), ":1: not a search journal; "),
        (_set(0, "lag", to=0), ":1: not a line of a journal (start.lag: "),
        (_set(0, "version", to=3), f":1: a search journal of version 3, which prunekit {OURS} began; "),
    ],
)
def test_a_line_of_the_journal(
    output: Path, told: Callable[[], str], change: Callable[[list[dict[str, Any]]], None], said: str
) -> None:
    _journal(output, change, sealed=True)
    assert told().startswith(JOURNAL + said)


BACKEND = os.environ["PRUNEKIT_TEST_BACKEND"]


def _as_of_0_1(output: Path) -> None:
    """Make of the task what version 0.1 would have left."""

    def older(entries: list[dict[str, Any]]) -> None:
        entries[0] = {"event": "start", "format": "prunekit.search-journal", "version": 1}
        for entry in entries[1:]:
            del entry["check"]

    _journal(output, older)
    path = next(output.parent.rglob("resolved.json"))
    resolved = json.loads(path.read_text())
    search = resolved["nas"]["search_algorithm"]
    del search["lag"]
    reward = search.pop("reward")
    search |= {"reward_type": reward["type"], "target_latency": None, "latency": None}
    search["agent"] |= {"reward_scale": reward["scale"], "reward_gamma": reward["gamma"]}
    path.write_text(json.dumps(resolved))
    kinds = {name: SimpleNamespace(name=resolved[name]["pipe_step"]["type"]) for name in resolved["pipeline"]}
    depends = {name: Dependence.of(SimpleNamespace(pipe_step=kind), BACKEND) for name, kind in kinds.items()}  # type: ignore[arg-type]
    reports = json.loads((output / "reports.json").read_text())
    for step in reports["_steps_"]:
        step["key"], step["begun_key"] = step_keys(resolved, depends)[step["step_name"]]
    (output / "reports.json").write_text(json.dumps(reports))


def test_a_search_of_version_0_1_is_refused_by_name(output: Path, told: Callable[[], str], cli: Cli) -> None:
    _as_of_0_1(output)
    assert told() == (
        f"{JOURNAL}:1: a search journal of version 1, which prunekit 0.1 began; this prunekit goes on with version 2"
        " only. Go on with prunekit 0.1, or start a new task with another -t"
    )
    yml = output.parents[2] / "tiny.yml"
    yml.write_text(yml.read_text().replace("train_episode: 9", "train_episode: 8"))
    assert cli(*WORDS) == 0  # nothing was changed


def test_a_search_of_another_version_of_the_algorithm_is_refused_by_name(
    output: Path, told: Callable[[], str], cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    from prunekit.plugins.search_algorithms.prune_amc import PruneAMC

    with monkeypatch.context() as newer:
        newer.setattr(PruneAMC, "version", 2)
        assert told() == (
            f"{JOURNAL}: the search was begun by prunekit {OURS} with PruneAMC version 1; this is prunekit {OURS} with"
            " PruneAMC version 2, which would ask other trials. Go on with what it was begun with, or start a new task"
            " with another -t"
        )
    assert cli(*WORDS) == 0


@pytest.mark.parametrize("parallel", ["False", "True"])
def test_what_version_0_1_has_finished_stays_so(output: Path, cli: Cli, capsys: Said, parallel: str) -> None:
    """It took parallel_search, which had no effect then."""
    _as_of_0_1(output)
    yml = output.parents[2] / "tiny.yml"
    yml.write_text(yml.read_text().replace("train_episode: 9", "train_episode: 8"))
    assert cli(*WORDS, "-ps", parallel) == 0
    assert "every step has finished before" in " ".join(capsys.readouterr().out.split())
    (output / "summary.json").unlink()
    assert cli(*WORDS, "-ps", parallel) == 0
    assert len(json.loads((output / "summary.json").read_text())) == 3


def test_parallel_search_changes_the_lag_and_is_refused(output: Path, cli: Cli, capsys: Said) -> None:
    assert cli(*WORDS, "-ps") == 2
    why = "where the yml says none, general.parallel_search decides"
    assert f"  nas.search_algorithm.lag: 1 -> 16 ({why})\n" in capsys.readouterr().err


def test_a_journal_that_cannot_be_read(output: Path, told: Callable[[], str]) -> None:
    (output / "nas/journal.jsonl").unlink()
    (output / "nas/journal.jsonl").mkdir()
    assert told() == f"{JOURNAL} cannot be read: Is a directory; mend that, or start a new task"


def test_a_torn_last_line_is_gone_on_with(output: Path, cli: Cli) -> None:
    path = output / "nas/journal.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[:-40])
    assert cli(*WORDS) == 0
    again = [json.loads(line) for line in path.read_text().splitlines()][: whole.count(b"\n")]
    for entry, line in zip(again, whole.decode().splitlines(), strict=True):
        assert {**entry, "measured": 0, "check": 0} == {**json.loads(line), "measured": 0, "check": 0}


@pytest.mark.parametrize("value", ["1e999", "1.5", "-1", '"0"', "null", "9" * 400])
def test_a_description(output: Path, told: Callable[[], str], value: str) -> None:
    """Of a network that the step after the search goes on with."""
    yml = output.parents[2] / "tiny.yml"
    yml.write_text(yml.read_text().replace("train_episode: 9", "train_episode: 8"))
    reports = json.loads((output / "reports.json").read_text())
    reports["_steps_"][-1]["status"] = "error"
    (output / "reports.json").write_text(json.dumps(reports))
    path = next(path for path in (output / "nas").glob("desc_*.json") if path.stem != "desc_original")
    data = json.loads(path.read_text())
    data["plan"]["groups"][0]["keep"][0] = "HERE"
    path.write_text(json.dumps(data).replace('"HERE"', value))
    line = told()
    assert f"{path.relative_to(output.parents[2])} is not the description of a network: " in line and len(line) < 400


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("reports.json", {"_steps_": [5]}, "is damaged (_steps_.0: "),
        ("resolved.json", {"pipeline": None}, "is damaged (pipeline: "),
        ("resolved.json", {"pipeline": ["pretrain", "nas", "fully_train"], "nas": 5}, "is damaged (nas: "),
    ],
)
def test_reports_and_configuration(
    output: Path, told: Callable[[], str], name: str, change: dict[str, Any], said: str
) -> None:
    data = json.loads((output / name).read_text())
    (output / name).write_text(json.dumps({**data, **change}))
    assert told().startswith(f"error: tasks/t/output/{name} {said}")


def test_a_name_that_a_terminal_would_obey(output: Path) -> None:
    from prunekit.core.pipeline.description import Description, DescriptionError

    path = output / "nas/desc_original.json"
    data = json.loads(path.read_text())
    for change in ({"backend": "\x1b[2J"}, {"pack": "\x7f"}, {"imports": ["\x1b"]}, {"network": {"type": "\x1b"}}):
        path.write_text(json.dumps({**data, **change}))
        with pytest.raises(DescriptionError) as caught:
            Description.read(path)
        assert str(caught.value).isprintable() and "control characters" in str(caught.value)


def test_figures_that_the_table_cannot_show(output: Path, told: Callable[[], str]) -> None:
    yml = output.parents[2] / "tiny.yml"
    yml.write_text(yml.read_text().replace("train_episode: 9", "train_episode: 8"))
    (output / "summary.json").unlink()
    reports = json.loads((output / "reports.json").read_text())
    reports["fully_train"][0]["performance"]["macs"] = "many"
    (output / "reports.json").write_text(json.dumps(reports))
    assert told().startswith("error: tasks/t/output/reports.json is damaged (fully_train ")


def test_half_written_files_are_swept(output: Path, cli: Cli) -> None:
    part = output / "nas" / f".desc_3.json.{'0' * 32}.part"
    part.write_text("half")
    other = output / "notes.part"
    other.write_text("mine")
    assert cli(*WORDS) == 0
    assert not part.exists() and other.exists()
