"""What an installed package is told of a run, and how it ends a search."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Cli = Callable[..., int]
HOOKS = """\
from pathlib import Path
from prunekit.core.hooks import hookimpl

def log(text):
    with Path("hooks.log").open("a") as file:
        file.write(text + "\\n")

@hookimpl
def search_started(search):
    log(f"started {search.task_id} {search.step} {search.algorithm} {search.episodes}")

@hookimpl
def episode_end(record):
    log(f"episode {record.id} {record.result.status}{' again' if record.replayed else ''}")

@hookimpl
def should_stop(record):
    return record.id >= STOP

@hookimpl
def search_finished(best):
    log(f"finished {len(best)}")

@hookimpl
def step_finished(step):
    log(f"step {step.step} {step.type} {len(step.records)}")
"""


@pytest.fixture
def hooked(tmp_path: Path, tiny: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Leave the yml, and what pip leaves of a package whose hooks stop the search after an episode."""
    site = tmp_path / "site"
    (site / "loud-1.0.dist-info").mkdir(parents=True)
    (site / "loud-1.0.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: loud\nVersion: 1.0\n")
    (site / "loud-1.0.dist-info/entry_points.txt").write_text("[prunekit.hooks.v1]\nlog = loud_hooks\n")
    (tmp_path / "tiny.yml").write_text(tiny)
    monkeypatch.syspath_prepend(site)

    def leave(stop: int) -> None:
        monkeypatch.delitem(sys.modules, "loud_hooks", raising=False)
        (site / "loud_hooks.py").write_text(f"STOP = {stop}\n{HOOKS}")

    return leave


def test_a_package_is_told_of_everything_and_may_end_the_search(
    hooked: Callable[[int], None], cli: Cli, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hooked(2)
    assert cli("tiny.yml", "--import", "tinypack", "-t", "t") == 0
    assert (tmp_path / "hooks.log").read_text().splitlines() == [
        "step pretrain TrainPipeStep 1",
        "started t nas PruneAMC 8",
        "episode 0 ok", "episode 1 ok", "episode 2 ok",
        "finished 2",
        "step nas SearchPipeStep 3",
        "step fully_train TrainPipeStep 2",
    ]  # fmt: skip
    assert "a hook ended the search after 3 episodes" in " ".join(capsys.readouterr().out.split())
    journal = (tmp_path / "tasks/t/output/nas/journal.jsonl").read_text().splitlines()
    assert [json.loads(line)["event"] for line in journal] == ["start", *["ask", "tell"] * 3]


CHANGES = """\
from prunekit.core.hooks import hookimpl

def wreck(thing):
    for name, value in list(getattr(thing, "__dict__", {}).items()):
        wreck(value)
        object.__setattr__(thing, name, None)
    if isinstance(thing, (list, tuple)):
        for each in thing:
            wreck(each)
    if isinstance(thing, dict):
        wreck(list(thing.values()))
        thing.clear()

@hookimpl
def search_started(search): wreck(search)
@hookimpl
def episode_end(search, record): wreck((search, record))
@hookimpl
def should_stop(search, record): wreck((search, record))
@hookimpl
def search_finished(search, best): wreck((search, best))
@hookimpl
def step_finished(step): wreck(step)
"""


def test_what_hooks_do_to_what_they_are_given_changes_nothing(
    hooked: Callable[[int], None],
    cli: Cli,
    tmp_path: Path,
    finished: tuple[Path, object],
    lasting: Callable[[Path], dict[str, object]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    hooked(2)
    (tmp_path / "site/loud_hooks.py").write_text(CHANGES)
    assert cli("tiny.yml", "--import", "tinypack", "-t", "t") == 0
    assert "hook" not in capsys.readouterr().out
    assert lasting(tmp_path / "tasks/t") == lasting(finished[0] / "tasks/t")


def test_without_plugins_nobody_is_told(hooked: Callable[[int], None], cli: Cli, tmp_path: Path) -> None:
    hooked(2)
    assert cli("tiny.yml", "--import", "tinypack", "-t", "t", "--no-plugins") == 0
    assert not (tmp_path / "hooks.log").exists()
    assert len((tmp_path / "tasks/t/output/nas/journal.jsonl").read_text().splitlines()) == 17
