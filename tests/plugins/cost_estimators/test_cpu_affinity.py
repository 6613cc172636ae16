from __future__ import annotations

import os
import sys
import threading

import pytest

from prunekit.plugins.cost_estimators import cpu_affinity
from prunekit.plugins.cost_estimators.cpu_affinity import ThreadsError, cpus


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux binds threads to CPUs")
def test_every_thread_is_bound_and_set_free() -> None:
    here, stop = os.sched_getaffinity(0), threading.Event()
    other = threading.Thread(target=stop.wait)
    other.start()
    try:
        assert other.native_id is not None
        os.sched_setaffinity(other.native_id, {max(here)})
        with cpus(1) as used:
            assert used == 1
            assert os.sched_getaffinity(0) == os.sched_getaffinity(other.native_id) == {min(here)}
            late = threading.Thread(target=stop.wait)
            late.start()
            assert late.native_id is not None and os.sched_getaffinity(late.native_id) == {min(here)}
        assert os.sched_getaffinity(0) == os.sched_getaffinity(late.native_id) == here
        assert os.sched_getaffinity(other.native_id) == {max(here)}
    finally:
        stop.set()


def test_no_more_than_there_are() -> None:
    with cpus(None) as available, cpus(10_000) as used:
        assert used == available >= 1


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux binds threads to CPUs")
def test_a_thread_that_ends_meanwhile_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    ended, listed = 2**22 + 1, cpu_affinity._threads()  # above the largest id that Linux gives
    monkeypatch.setattr(cpu_affinity, "_threads", lambda: [*listed, ended])
    with cpus(1) as used:
        assert used == 1


def test_a_system_that_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(ThreadsError, match="leave threads out"), cpus(2):
        pass
    with cpus(None) as used:
        assert used >= 1
