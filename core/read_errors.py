"""Why a file could not be read, in the words of its reader, but for advice that would let the file run code."""

from __future__ import annotations

import re

from prunekit.registry.errors import reason

_UNSAFE = re.compile(r"weights_only|allow_pickle|safe_globals|unpickl|pickled|Weights only load failed", re.IGNORECASE)


def why_unreadable(problem: BaseException) -> str:
    """The first line of what an error says; where that is how to read the file at any risk, what that means."""
    told = reason(problem)
    if _UNSAFE.search(told):
        return "it holds Python objects, or what looks like them, which could run code when read; nothing was run"
    return told if " " in told else f"{type(problem).__name__}: {told}" if told != type(problem).__name__ else told
