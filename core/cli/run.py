"""``prunekit run``: the pipeline of a yml."""

from __future__ import annotations

import argparse
import shlex
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from prunekit.core.cli.config_file import read_config
from prunekit.core.cli.override_flags import repeated
from prunekit.core.config import RunConfig

STOPPED = 130  # what shells report for Ctrl-C


def run(options: argparse.Namespace) -> int:
    """Run a pipeline; Ctrl-C ends it with everything on disk and says how to go on."""
    config = read_config(options)
    from prunekit.core.pipeline.run import run_pipeline  # here: a yml with mistakes is refused sooner

    try:
        with _stoppable():
            run_pipeline(config, Console(), resume=options.resume, imports=tuple(options.imports))
    except KeyboardInterrupt:
        print(f"stopped; nothing that was computed is lost. Go on with: {_again(options, config)}", file=sys.stderr)
        return STOPPED
    return 0


@contextmanager
def _stoppable() -> Iterator[None]:
    """SIGTERM, which batch systems and ``kill`` send, ends a run as Ctrl-C does."""
    if threading.current_thread() is not threading.main_thread():  # only there can signals be handled
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _again(options: argparse.Namespace, config: RunConfig) -> str:
    words = ["prunekit", options.file, "-r", "-t", config.general.task.task_id, *repeated(options)]
    for name in options.imports:
        words += ["--import", name]
    return shlex.join([*words, "--no-plugins"] if options.no_plugins else words)
