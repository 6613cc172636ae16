"""The yml of a command, with the values of its flags laid over it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from prunekit.core.cli.override_flags import overrides
from prunekit.core.config import RunConfig, load_config
from prunekit.registry import PrunekitError
from prunekit.registry.errors import escaped


def read_config(options: argparse.Namespace) -> RunConfig:
    """Read and check the yml that the command names.

    Raises:
        ConfigError: It has mistakes; the error has all of them.
        PrunekitError: A task is to be resumed and is not named.
    """
    if getattr(options, "resume", False) and not options.task_id:
        raise PrunekitError("-r goes on with a task: name it with -t TASK_ID")
    return load_config(Path(options.file), overrides(options))


def print_warnings(config: RunConfig) -> None:
    """Print what the user should know of the yml, on stderr."""
    for warning in config.warnings:
        print_warning(warning)


def print_warning(text: str) -> None:
    """Print something that the user may want to change, on stderr."""
    print(f"warning: {escaped(text)}", file=sys.stderr)
