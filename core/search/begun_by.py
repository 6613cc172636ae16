"""What a search was begun by, as far as its results cannot be told again by another: the first line of its journal."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from prunekit.core.search.algorithm import SearchAlgorithm
from prunekit.core.search.errors import JournalError


def begun_by(kind: type[SearchAlgorithm], lag: int, metric: str) -> dict[str, Any]:
    """Return ``program``, the version of prunekit; the ``algorithm`` with its ``version``; ``lag``; ``metric``."""
    from importlib_metadata import version  # takes long to import

    return {
        "program": version("prunekit"),
        "algorithm": {"name": kind.__name__, "version": kind.version},
        "lag": lag,
        "metric": metric,
    }


def refuse_another(path: Path, then: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Refuse to go on with a journal that was begun by something else; the program's version alone changes nothing.

    Raises:
        JournalError: The message names what differs.
    """
    different = [key for key in ("algorithm", "lag", "metric") if then[key] != now[key]]
    if different:
        before, after = (", ".join(_words(key, found[key]) for key in different) for found in (then, now))
        raise JournalError(
            f"{path}: the search was begun by prunekit {then['program']} with {before}; this is prunekit"
            f" {now['program']} with {after}, which would ask other trials. Go on with what it was begun with, or start"
            " a new task with another -t"
        )


def _words(key: str, value: Any) -> str:
    return f"{value['name']} version {value['version']}" if key == "algorithm" else f"{key} {value}"
