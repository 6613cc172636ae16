"""A disk that fills up: one clear error, nothing half-written, nothing lost."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from prunekit.core.atomic_file import WriteError, write_text
from prunekit.core.pipeline.learning_curve_plot import plot_curve
from prunekit.core.search import Journal, JournalError

Cli = Callable[..., int]
Said = pytest.CaptureFixture[str]
Finished = tuple[Path, Any]
WORDS = ("tiny.yml", "--import", "tinypack", "-t", "t")

BEGUN = {"program": "1", "algorithm": {"name": "Any", "version": 1}, "lag": 1, "metric": "accuracy"}
LOST = {"event": "lost", "id": 0, "message": "killed"}


class Disk:
    """Lets so many writes through to disk, then is full."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.room, self._fsync = 10**9, os.fsync
        monkeypatch.setattr(os, "fsync", self)

    def __call__(self, descriptor: int) -> None:
        self.room -= 1
        if self.room < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._fsync(descriptor)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


def test_nothing_of_an_entry_that_does_not_fit_stays(tmp_path: Path, disk: Disk) -> None:
    path = tmp_path / "journal"
    with Journal(path) as journal:
        journal.begin(BEGUN)
        journal.append({"event": "ask", "id": 0})
        before = path.read_bytes()
        disk.room = 0
        with pytest.raises(JournalError) as caught:
            journal.append(LOST)
    assert str(caught.value) == (
        f"{path} cannot be written: No space left on device. What was recorded before is safe; make room and go on"
        " with -r"
    )
    assert path.read_bytes() == before
    disk.room = 9
    with Journal(path) as journal:
        assert journal.entries == ({"event": "ask", "id": 0},)
        journal.append(LOST)
    assert path.read_bytes().startswith(before)
    with Journal(path) as journal:
        assert journal.entries == ({"event": "ask", "id": 0}, LOST)


def test_an_old_file_outlives_a_new_one_that_does_not_fit(tmp_path: Path, disk: Disk) -> None:
    path = tmp_path / "report.json"
    write_text(path, "old")
    disk.room = 0
    with pytest.raises(WriteError, match=r"report.json cannot be written: No space left on device; mend"):
        write_text(path, "new")
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_a_picture_is_there_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from matplotlib.figure import Figure

    def fills(self: Figure, file: Any, **_: Any) -> None:
        file.write(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Figure, "savefig", fills)
    with pytest.raises(WriteError, match=r"curve.png cannot be written: No space left on device"):
        plot_curve([], tmp_path / "curve.png", "accuracy")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("room", [3, 24])
def test_a_run_that_fills_the_disk_goes_on(
    cli: Cli, tiny: str, tmp_path: Path, disk: Disk, capsys: Said, finished: Finished, lasting: Any, room: int
) -> None:
    """In the first report and in the search; the failure cannot even be reported, and is told all the same."""
    (tmp_path / "tiny.yml").write_text(tiny)
    disk.room = room
    assert cli(*WORDS) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ") and "No space left on device" in said and len(said.splitlines()) == 1
    assert "Traceback" not in said
    assert not [path for path in (tmp_path / "tasks/t").rglob("*") if ".part" in path.name]
    for path in (tmp_path / "tasks/t").rglob("*.json"):
        json.loads(path.read_text())
    disk.room = 10**9
    assert cli(*WORDS, "-r") == 0
    assert lasting(tmp_path / "tasks/t") == lasting(finished[0] / "tasks/t")
