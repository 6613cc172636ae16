"""Errors of a run, and the place in the yml that their messages begin with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from prunekit.registry.errors import PrunekitError


class RunError(PrunekitError):
    """A run cannot start, go on or finish; the message says what to do."""


class DescriptionError(PrunekitError):
    """A file does not describe a network, or what it describes cannot be built."""


@contextmanager
def error_location(where: str) -> Iterator[None]:
    """Put the place in the yml (``file.yml:12: nas.trainer``) before what goes wrong in the block; a nearer one stays.

    Raises:
        RunError: In place of any other error of prunekit.
    """
    try:
        yield
    except PrunekitError as problem:
        if str(problem).startswith(where.partition(": ")[0].rpartition(":")[0] + ":"):
            raise
        raise RunError(f"{where}: {problem}") from problem
