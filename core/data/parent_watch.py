"""Ends a worker process with the process that started it, however that one ends."""

from __future__ import annotations

import multiprocessing
import os
import threading

_EVERY = 1.0  # seconds between two looks


def end_with_parent() -> None:
    """Watch the parent for as long as this process lives. To be called first of all in a process that was spawned.

    A parent that is killed (``kill -9``, out of memory) cannot end its workers, and nothing tells them: they would wait
    for work for ever, with the data set in their memory.
    """
    threading.Thread(target=_watch, name="parent watch", daemon=True).start()


def _watch() -> None:
    parent = multiprocessing.parent_process()
    if parent is None:  # nobody has spawned this one
        return
    # Two signs, for neither is certain: another child of the parent may have inherited its end of the pipe and outlive
    # it, and only a posix system gives who is left alone another parent.
    while parent.is_alive() and (os.name != "posix" or os.getppid() == parent.pid):
        parent.join(_EVERY)
    os._exit(1)  # not sys.exit: that would end this thread, and what the others wait for will not come
