"""What every checkpoint of a training has in common: it belongs to one training, and a broken one is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prunekit.core.read_errors import why_unreadable
from prunekit.plugins.trainers.errors import TrainingError


@contextmanager
def restoring(path: Path) -> Iterator[None]:
    """Whatever goes wrong inside the block becomes one error: a broken file makes its reader raise anything at all.

    Raises:
        TrainingError: The file is broken, or of another network or another training.
    """
    try:
        yield
    except TrainingError:
        raise
    except Exception as problem:
        raise TrainingError(
            f"{path} is no checkpoint of this training ({why_unreadable(problem)}); remove it to start anew"
        ) from problem


def refuse_other(path: Path, found: object, fingerprint: str) -> None:
    """Refuse a file that another training has written.

    Args:
        path: The file.
        found: The fingerprint in it.
        fingerprint: That of this training: a JSON object with a value for each setting.

    Raises:
        TrainingError: They differ; the message says in what.
    """
    if found != fingerprint:
        raise TrainingError(
            f"{path} was written with other settings of the training{_differences(found, fingerprint)}; undo this, or"
            " remove the file to start anew"
        )


def _differences(found: object, fingerprint: str) -> str:
    """What differs, each setting as it was and as it is."""
    try:
        before, now = dict(json.loads(str(found))), dict(json.loads(fingerprint))
    except (ValueError, TypeError):  # as other versions have written it
        return ""
    names = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    told = [f"{name}: {before.get(name, '(nothing)')} -> {now.get(name, '(nothing)')}" for name in names]
    return f" ({', '.join(told)})"
