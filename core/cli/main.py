"""The entry point of the command line. Only what a command needs is imported, and only when it runs."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from io import TextIOWrapper

from prunekit.core.cli.data_output import stdout_is_data
from prunekit.core.cli.parser import parse
from prunekit.registry import PrunekitError, Register, unknown_block_entries
from prunekit.registry.errors import escaped, one_line, reason


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code.

    0 is well, 2 a mistake that the message says how to mend, 130 stopped by Ctrl-C.
    """
    options = parse(sys.argv[1:] if arguments is None else arguments)
    for_programs = getattr(options, "json", None) or getattr(options, "show", False)
    if arguments is None and isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # what a terminal's encoding lacks is no reason to fail
    with stdout_is_data(for_good=arguments is None) if for_programs else nullcontext():
        return _guarded(options)


def _guarded(options: argparse.Namespace) -> int:
    try:
        return _act(options)
    except PrunekitError as problem:
        # the mistakes of a yml begin with file:line, so that editors find them
        print(escaped(str(problem) if hasattr(problem, "problems") else f"error: {problem}"), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our output, head or less, has seen enough
        if sys.stdout is not sys.stderr:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as problem:  # a full disk, a folder that may not be written: the system's words say it
        where = one_line(problem.filename) if problem.filename else ""
        print(f"error: {problem.strerror or reason(problem)}: {where}".rstrip(": "), file=sys.stderr)
        return 2


def _act(options: argparse.Namespace) -> int:
    told: set[str] = set()
    if options.no_plugins:
        Register.without_plugins()
    for pack in Register.packs():
        if pack.error:
            _warn(f"pack {one_line(pack.name)} of {pack.origin} is not used: {pack.error}", told)
    for name in unknown_block_entries():
        _warn(f"PRUNEKIT_BLOCK: no pack and no hooks are called {name!r}; prunekit plugins lists their names", told)
    try:
        for name in options.imports:
            Register.import_module(name)
            _tell_notes(told)
        code: int = options.act(options)
        return code
    finally:
        _tell_notes(told)  # of what the command itself has imported


def _tell_notes(told: set[str]) -> None:
    for note in Register.notes():
        _warn(note, told)


def _warn(text: str, told: set[str]) -> None:
    if text not in told:
        told.add(text)
        print(f"warning: {escaped(text)}", file=sys.stderr)
