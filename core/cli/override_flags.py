"""vega's flags of the commands that read a yml; each replaces a value of the yml."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any


def _device(text: str) -> str:
    return text.upper()


def _number(text: str) -> int | str:
    """A whole number; anything else is left to the check of the yml, which says what it must be."""
    return int(text) if re.fullmatch(r"[-+]?[0-9]+", text) else text


def _truth(text: str) -> bool | str:
    return {"true": True, "false": False}.get(text.lower(), text)


@dataclass(frozen=True)
class _Flag:
    """A flag that takes a value.

    Attributes:
        names: Its spellings.
        key: The value that it replaces, as `prunekit.core.config.load_config` names it.
        help: What people read.
        options: Further arguments of ``add_argument``.
    """

    names: tuple[str, ...]
    key: str
    help: str
    options: dict[str, Any]


_RUNS = (
    _Flag(("-b", "--backend"), "backend", "in place of general.backend", {"metavar": "BACKEND"}),
    _Flag(
        ("-d", "--device"), "device_category", "in place of general.device_category",
        {"type": _device, "choices": ("CPU", "GPU", "NPU")},
    ),
    _Flag(("-t", "--task_id"), "task_id", "name of the task and of its folder", {"metavar": "TASK_ID"}),
)  # fmt: skip
_DATA = (
    _Flag(("-dt", "--dataset_type", "--dataset"), "dataset.type", "dataset of every step", {"metavar": "TYPE"}),
    _Flag(("-dp", "--data_path"), "dataset.data_path", "data_path of every step", {"metavar": "PATH"}),
    _Flag(
        ("-bs", "--batch_size"), "dataset.batch_size", "batch_size of every step",
        {"metavar": "N", "type": _number},
    ),
)  # fmt: skip
_SWITCH = {"metavar": "True|False", "type": _truth}
_TRAINING = (
    _Flag(
        ("-es", "--epochs"), "trainer.epochs", "epochs of every step that trains without searching",
        {"metavar": "N", "type": _number},
    ),
    _Flag(("-ps", "--parallel_search"), "parallel_search", "in place of general.parallel_search", _SWITCH),
    _Flag(
        ("-pt", "--parallel_fully_train"), "parallel_fully_train", "in place of general.parallel_fully_train", _SWITCH
    ),
)  # fmt: skip
_ALL = (*_RUNS, *_DATA, *_TRAINING)
_SWITCHES = {name for flag in _ALL if flag.options is _SWITCH for name in flag.names}


def add_file(parser: argparse.ArgumentParser, *, trains: bool, optional: bool = False) -> None:
    """Let a command take a yml and the flags that replace its values; ``trains`` adds those of training."""
    parser.add_argument("file", metavar="FILE.yml", nargs="?" if optional else None)
    for flag in _ALL if trains else (*_RUNS, *_DATA):
        parser.add_argument(*flag.names, dest=flag.key, help=flag.help, **flag.options)


def with_values(words: Sequence[str]) -> list[str]:
    """Write out the True of a switch that stands alone: ``-ps FILE.yml``, where argparse would take the file for it."""
    found: list[str] = []
    for word, after in zip_longest(words, words[1:], fillvalue=""):
        found.append(word)
        if word in _SWITCHES and (not after or after.startswith("-") or "." in after):
            found.append("True")
    return found


def overrides(options: argparse.Namespace) -> dict[str, Any]:
    """The values that the flags give, by the names that ``load_config`` knows."""
    given = vars(options)
    return {flag.key: given[flag.key] for flag in _ALL if given.get(flag.key) is not None}


def repeated(options: argparse.Namespace) -> list[str]:
    """The flags as words again, without the task's id: for the hint how to go on."""
    values = overrides(options)
    shown = [flag for flag in _ALL if flag.key in values and flag.key != "task_id"]
    return [word for flag in shown for word in (flag.names[0], str(values[flag.key]))]
