"""``prunekit run``, ``check`` and ``inspect``."""

from __future__ import annotations

import argparse
import importlib
import signal
import sys
from pathlib import Path

from rich.console import Console

from prunekit.core.config import RunConfig, load_config
from prunekit.registry import PrunekitError


def run(options: argparse.Namespace) -> int:
    """Run a pipeline; Ctrl-C ends it with everything on disk and says how to go on."""
    if options.resume and not options.task_id:
        raise PrunekitError("-r goes on with a task: name it with -t TASK_ID")
    config = _config(options)
    from prunekit.core.pipeline.run import run_pipeline

    task = config.general.task
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        run_pipeline(config, Console(), resume=options.resume, imports=tuple(options.imports))
    except KeyboardInterrupt:
        again = f"prunekit {options.file} -r -t {task.task_id}"
        print(f"\nstopped; nothing that was computed is lost. Go on with: {again}", file=sys.stderr)
        return 130
    return 0


def check(options: argparse.Namespace) -> int:
    """Say what is wrong with a yml."""
    config = _config(options)
    for warning in config.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    print(f"{options.file}: no mistakes found; {len(config.pipeline)} steps: {', '.join(config.pipeline)}")
    return 0


def inspect(options: argparse.Namespace) -> int:
    """Show the structure of the network of each step that has one of its own."""
    config = _config(options)
    from prunekit.core.pipeline.inspection import inspect_config

    for line in inspect_config(config, Path(options.graph) if options.graph else None, tuple(options.imports)):
        print(line)
    return 0


def _config(options: argparse.Namespace) -> RunConfig:
    for name in options.imports:
        _import(name)
    overrides = {
        "backend": options.backend, "device_category": options.device, "task_id": getattr(options, "task_id", None)
    }  # fmt: skip
    return load_config(Path(options.file), overrides)


def _import(name: str) -> None:
    try:
        importlib.import_module(name)
    except (Exception, SystemExit) as problem:  # the user's module: whatever it raises is told
        raise PrunekitError(f"--import {name}: {type(problem).__name__}: {problem}") from problem
