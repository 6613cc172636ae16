"""Looks up the processes that a process has spawned, and which of some are still there."""

from __future__ import annotations

import os
import signal
import subprocess
import time


def spawned_by(pid: int) -> list[int]:
    """The children of a process that Python's multiprocessing has spawned as workers."""
    rows = [line.split(None, 2) for line in _listed("pid=,ppid=,args=")]
    return [int(own) for own, parent, words in rows if int(parent) == pid and "spawn_main" in words]


def left_after(seconds: float, pids: list[int]) -> list[int]:
    """Those that have not ended that many seconds later, if not all have before; they are killed."""
    end = time.monotonic() + seconds
    while (left := _alive(pids)) and time.monotonic() < end:
        time.sleep(0.1)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    return left


def _alive(pids: list[int]) -> list[int]:
    states = dict(line.split() for line in _listed("pid=,stat="))
    return [pid for pid in pids if not states.get(str(pid), "Z").startswith("Z")]


def _listed(columns: str) -> list[str]:
    words = ["ps", "-ww", "-eo", columns]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()
