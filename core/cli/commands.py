"""``prunekit run``, ``check`` and ``inspect``."""

from __future__ import annotations

import argparse
import shlex
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from prunekit.core.cli.flags import overrides, repeated
from prunekit.core.config import RunConfig, load_config, printable
from prunekit.registry import PrunekitError

STOPPED = 130  # what shells report for Ctrl-C


def run(options: argparse.Namespace) -> int:
    """Run a pipeline; Ctrl-C ends it with everything on disk and says how to go on."""
    config = _config(options)
    from prunekit.core.pipeline.run import run_pipeline

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


def check(options: argparse.Namespace) -> int:
    """Say what is wrong with a yml, or print how it is understood."""
    config = _config(options)
    _warn(config)
    steps = f"{len(config.pipeline)} step{'s' if len(config.pipeline) > 1 else ''}: {', '.join(config.pipeline)}"
    print(f"{options.file}: no mistakes found; {steps}", file=sys.stderr if options.show else sys.stdout)
    if options.show:
        import yaml

        print(yaml.safe_dump(printable(config), sort_keys=False, allow_unicode=True), end="")
    return 0


def inspect(options: argparse.Namespace) -> int:
    """Show the structure of any network, or of that of each step of a yml that has one of its own."""
    from prunekit.core.cli.inspect_ import check_words, show_all

    check_words(options)
    config = None
    if options.model is None:
        config = _config(options)
        _warn(config)
    show_all(options, config)
    return 0


def _config(options: argparse.Namespace) -> RunConfig:
    if getattr(options, "resume", False) and not options.task_id:
        raise PrunekitError("-r goes on with a task: name it with -t TASK_ID")
    return load_config(Path(options.file), overrides(options))


def _warn(config: RunConfig) -> None:
    for warning in config.warnings:
        print(f"warning: {warning}", file=sys.stderr)
