"""Runs that are killed or stopped, in processes of their own, and gone on with."""

from __future__ import annotations

import random
import shlex
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Finished = tuple[Path, subprocess.CompletedProcess[str]]
Lasting = Callable[[Path], dict[str, Any]]
WORDS = ("tiny.yml", "--import", "tinypack", "-t", "t")


class Runs:
    """Starts, interrupts and ends processes of one task."""

    def __init__(self, folder: Path, command: list[str], environment: dict[str, str], tiny: str) -> None:
        self.folder, self.task = folder, folder / "tasks" / "t"
        self._command, self._environment = command, environment
        (folder / "tiny.yml").write_text(tiny)

    def start(self, *words: str) -> subprocess.Popen[str]:
        pipe = subprocess.PIPE
        return subprocess.Popen(
            [*self._command, *words], cwd=self.folder, env=self._environment, stdout=pipe, stderr=pipe, text=True
        )

    def end(self, *words: str) -> subprocess.CompletedProcess[str]:
        with self.start(*words) as process:
            out, err = process.communicate()
            return subprocess.CompletedProcess(words, process.returncode, out, err)

    def interrupt(self, number: int, when: Callable[[], bool], *words: str) -> subprocess.CompletedProcess[str]:
        with self.start(*words) as process:
            while process.poll() is None and not when():
                time.sleep(0.001)
            process.send_signal(number)
            out, err = process.communicate()
            return subprocess.CompletedProcess(words, process.returncode, out, err)

    def episodes(self) -> int:
        journal = self.task / "output/nas/journal.jsonl"
        return journal.read_bytes().count(b'"tell"') if journal.exists() else 0

    def logged(self) -> int:
        log = self.task / "logs/pipeline.log"
        return log.read_bytes().count(b"\n") if log.exists() else 0

    def training(self, step: str) -> bool:
        return any((self.task / "workers" / step).glob("*/checkpoint"))


@pytest.fixture
def runs(tmp_path: Path, command: list[str], environment: dict[str, str], tiny: str) -> Runs:
    return Runs(tmp_path, command, environment, tiny)


def test_killed_in_search_and_in_training(runs: Runs, finished: Finished, lasting: Lasting) -> None:
    after = random.Random(0).randint(2, 6)
    killed = runs.interrupt(signal.SIGKILL, lambda: runs.episodes() >= after, *WORDS)
    assert killed.returncode == -signal.SIGKILL
    assert after <= runs.episodes() < 8 and not (runs.task / "output/nas/desc_original.json").exists()
    killed = runs.interrupt(signal.SIGKILL, lambda: runs.training("fully_train"), *WORDS, "-r")
    assert killed.returncode == -signal.SIGKILL
    assert runs.episodes() == 8 and runs.training("fully_train")
    assert runs.end(*WORDS, "-r").returncode == 0
    assert lasting(runs.task) == lasting(finished[0] / "tasks/t")
    assert not runs.training("fully_train")


def test_ctrl_c_ends_cleanly_and_says_how_to_go_on(runs: Runs, finished: Finished, lasting: Lasting) -> None:
    stopped = runs.interrupt(signal.SIGINT, lambda: runs.episodes() >= 3, *WORDS)
    assert stopped.returncode == 130
    assert stopped.stderr == (
        "stopped; nothing that was computed is lost. Go on with: prunekit tiny.yml -r -t t --import tinypack\n"
    )
    assert '"status": "stopped"' in (runs.task / "output/reports.json").read_text()
    _, *again = shlex.split(stopped.stderr.partition("Go on with: ")[2])
    ended = runs.end(*again)
    assert ended.returncode == 0, ended.stderr
    assert lasting(runs.task) == lasting(finished[0] / "tasks/t")


def test_sigterm_is_as_ctrl_c(runs: Runs) -> None:
    stopped = runs.interrupt(signal.SIGTERM, lambda: runs.training("pretrain"), *WORDS, "-d", "CPU")
    assert stopped.returncode == 130
    assert stopped.stderr.endswith("Go on with: prunekit tiny.yml -r -t t -d CPU --import tinypack\n")
    assert "Traceback" not in stopped.stderr
    assert not list(runs.task.rglob("*.part"))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_killed_at_random_instants(runs: Runs, finished: Finished, lasting: Lasting, seed: int) -> None:
    """Each process is killed a random moment after it has logged a random number of lines, until one gets through."""
    instants, kills = random.Random(seed), 0
    while kills < 30:
        lines, moment = runs.logged() + instants.randint(1, 16), instants.uniform(0, 0.2)

        def due(lines: int = lines, moment: float = moment) -> bool:
            if runs.logged() < lines:
                return False
            time.sleep(moment)
            return True

        ended = runs.interrupt(signal.SIGKILL, due, *WORDS, *(["-r"] if runs.task.exists() else []))
        if ended.returncode == 0:
            break
        assert ended.returncode == -signal.SIGKILL, ended.stderr
        kills += 1
    print(f"seed {seed}: {kills} kills")
    assert 0 < kills < 30
    assert lasting(runs.task) == lasting(finished[0] / "tasks/t")
