"""What every checkpoint of a training has in common: it belongs to one training, and a broken one is told."""

from __future__ import annotations

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

    Raises:
        TrainingError: The fingerprint in the file is another one.
    """
    if found != fingerprint:
        raise TrainingError(f"{path} was written with other settings of the trainer; remove it to start anew")
