"""Workers of a process that is killed end too: kill -9 leaves it no time to end them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from processes import left_after, spawned_by

pytestmark = pytest.mark.skipif(os.name != "posix", reason="kills by signals, and looks processes up by ps")

DATASET = """
import os, time

class Slow:
    '''Says which process a sample is made in, and may take its time there.'''

    def __init__(self, seconds):
        self.seconds = seconds

    def __len__(self):
        return 64

    def __getitem__(self, index):
        time.sleep(self.seconds)
        return os.getpid(), index

class Busy(Slow):
    def __getitem__(self, index):
        end = time.monotonic() + self.seconds
        while time.monotonic() < end:
            pass
        return os.getpid(), index

class Starting(Slow):
    def __setstate__(self, state):
        time.sleep(60)  # what a worker does first: it unpickles the dataset
"""
PARENT = """
import subprocess, sys, time
from prunekit.core.data import batches
from slow import Busy, Slow, Starting

if __name__ == "__main__":
    stream = batches({dataset}, 1, workers=2)
    {then}
"""
IDLE = "next(stream); print('ready', flush=True); time.sleep(60)"
WORKING = "import threading; threading.Thread(target=next, args=(stream,), daemon=True).start(); time.sleep({0}); " \
    "print('ready', flush=True); time.sleep(60)"  # fmt: skip


def _left_after_kill(folder: Path, dataset: str, then: str) -> list[int]:
    """Which workers are left five seconds after their parent was killed; those are ended here."""
    (folder / "slow.py").write_text(DATASET)
    (folder / "parent.py").write_text(PARENT.format(dataset=dataset, then=then))
    parent = subprocess.Popen([sys.executable, "parent.py"], cwd=folder, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    workers: list[int] = []
    try:
        assert parent.stdout.readline() == "ready\n"
        workers = spawned_by(parent.pid)
    finally:
        parent.kill()
        parent.wait()
        parent.stdout.close()
    assert len(workers) == 2
    return left_after(5, workers)


def test_waiting_workers_end(tmp_path: Path) -> None:
    assert _left_after_kill(tmp_path, "Slow(0)", IDLE) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("dataset", "then"),
    [
        ("Slow(60)", WORKING.format(2)),
        ("Busy(60)", WORKING.format(2)),
        ("Starting(0)", WORKING.format(2)),
        ("Starting(0)", WORKING.format(0.3)),
        # another child that has every descriptor of the parent, and lives on
        ("Slow(0)", f"next(stream); subprocess.Popen(['sleep', '20'], close_fds=False); {IDLE}"),
    ],
    ids=["asleep", "busy", "starting", "hardly-started", "inherited"],
)
def test_workers_end_whatever_they_are_at(tmp_path: Path, dataset: str, then: str) -> None:
    assert _left_after_kill(tmp_path, dataset, then) == []
