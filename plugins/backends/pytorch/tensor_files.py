"""Reads what ``torch.save`` wrote as data: what could run code when read is refused, and not run."""

from __future__ import annotations

import pickle
import re
import warnings
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from prunekit.core.weights import WeightsError
from prunekit.core.weights.name_matching import some


def tensors_only(path: Path, advice: str, instead: Sequence[tuple[Any, str]] = ()) -> Any:
    """Return what ``torch.save`` wrote, where that is tensors, plain values and collections of them.

    Tensors of a file of today's format are read from it when they are looked at, and not before.

    Args:
        path: The file.
        advice: What to do with a file that is trusted and holds more.
        instead: What may be in it besides, and what to make instead.

    Raises:
        WeightsError: It holds more; nothing of it was run.
    """
    try:
        with warnings.catch_warnings(), torch.serialization.safe_globals(list(instead)):
            warnings.simplefilter("ignore")  # remarks on pickle protocols, of no use to who only has the file
            return torch.load(str(path), map_location="cpu", weights_only=True, mmap=_can_be_mapped(path))
    except pickle.UnpicklingError as problem:
        named = re.search(r"GLOBAL ([\w.]+)", str(problem))
        if named is None and _is_no_pickle(path):
            raise WeightsError(f"{path} cannot be read as weights: it is nothing that torch.save wrote") from problem
        other = (
            ", or is pickled in a way that is not torch.save's own," if "Unsupported operand" in str(problem) else ""
        )
        what = f" (it names {named[1]})" if named else other
        raise WeightsError(
            f"{path} holds more than tensors{what} and could run code when read; it was refused and nothing was run."
            f" Where you trust it, {advice}"
        ) from problem


def _can_be_mapped(path: Path) -> bool:
    """Whether a file is of today's format, an archive that is not compressed.

    Raises:
        WeightsError: It is an archive that ``torch.save`` did not write.
    """
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
    if any(member.filename.rpartition("/")[2] == "constants.pkl" for member in members):
        raise WeightsError(
            f"{path} is a TorchScript archive, which is code; nothing was run. Save network.state_dict() where it was"
            " made"
        )
    if not any(member.filename.rpartition("/")[2] == "data.pkl" for member in members):
        raise WeightsError(f"{path} is an archive of other files, {some(m.filename for m in members)}; unpack it first")
    if any(member.compress_type != zipfile.ZIP_STORED for member in members):
        raise WeightsError(f"{path} is compressed, which torch.save never does; nothing was unpacked. Save it again")
    return True


def _is_no_pickle(path: Path) -> bool:
    """Whether a file that is no archive does not begin as pickles of any protocol after the first do."""
    with path.open("rb") as file:
        return not zipfile.is_zipfile(path) and file.read(1) != pickle.PROTO
