"""The sets of weights in a file: many hold the network's, averages of them, and what training needs besides."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from prunekit.core.weights.errors import WeightsError
from prunekit.core.weights.name_matching import quoted, some
from prunekit.core.weights.stored import Stored, stored
from prunekit.registry.suggestions import nearest_or_all

PLAIN = (
    "state_dict", "model_state_dict", "model", "net", "network", "weights", "params", "model_state", "net_state_dict",
    "network_state_dict", "checkpoint",
)  # fmt: skip
"""Where training programs put the weights that are trained, the most usual first."""

_AVERAGED = re.compile(r"(?:^|[._])(?:ema|swa|averaged?|avg|shadow)(?:[._]|$)", re.IGNORECASE)
_OF_TRAINING = re.compile(r"(?:^|[._])(?:optim\w*|(?:lr_)?scheduler\w*|scaler|grad\w*)(?:[._]|$)", re.IGNORECASE)
_DEEPEST = 8  # dicts in dicts
_MOST = 100_000  # dicts
_PARTS = 20  # of names, that may each be a network


@dataclass(frozen=True)
class WeightSet:
    """Weights that belong together.

    Attributes:
        key: The keys that lead to them in the file, with dots between them; empty for the file itself.
        arrays: The arrays by name.
    """

    key: str
    arrays: Mapping[str, Stored]

    @property
    def rank(self) -> int:
        """How likely these are the weights that were trained: 0 is the file itself, 3 are averages."""
        if _AVERAGED.search(self.key):
            return 3
        return 0 if not self.key else 1 if set(self.key.split(".")) <= set(PLAIN) else 2

    def parts(self) -> Iterator[WeightSet]:
        """What lies under the first part of its names, where there are few of them."""
        firsts = dict.fromkeys(filter(None, map(_first, self.arrays)))
        for first in firsts if len(firsts) <= _PARTS else ():
            yield WeightSet(_joined(self.key, first), _under(first, self.arrays))


def weight_sets(source: str, content: Mapping[str, Any]) -> list[WeightSet]:
    """Every set of weights in what was read, the likeliest first.

    Averages that lie among the weights under names of their own (``ema.conv.weight``) are a set too, and the others
    without them.

    Raises:
        WeightsError: There are far too many.
    """
    found = []
    for key, arrays in _dicts(source, content):
        found.append(WeightSet(key, arrays))
        averages = dict.fromkeys(first for first in map(_first, arrays) if _AVERAGED.search(first))
        if averages:
            found.append(WeightSet(key, {name: each for name, each in arrays.items() if _first(name) not in averages}))
        found += [WeightSet(_joined(key, first), _under(first, arrays)) for first in averages]
    known = {name: place for place, name in enumerate(PLAIN)}
    return sorted(found, key=lambda each: (each.rank, known.get(each.key, len(known))))


def chosen_sets(source: str, sets: list[WeightSet], key: str | None) -> list[WeightSet]:
    """The sets among which the weights are looked for: those of ``key``, or all where none is given.

    Raises:
        WeightsError: There is no such set.
    """
    if key is None:
        return sets
    found = [each for each in sets if each.key == key] or [each for each in sets if each.key.endswith(f".{key}")]
    if not found:
        parts = [WeightSet(_joined(each.key, key), _under(key, each.arrays)) for each in sets]
        found = [each for each in parts if each.arrays]
    if not found:
        keys = list(dict.fromkeys(each.key for each in sets if each.key))
        there = (
            nearest_or_all(key, [some([each]) for each in keys]) if keys else "; its weights lie under no key: say none"
        )
        raise WeightsError(f"{source} has no weights under {quoted(key)}{there}")
    return found


def _dicts(source: str, content: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Stored]]]:
    """Every dict with arrays in it, the outer ones first."""
    waiting: deque[tuple[str, int, Mapping[Any, Any]]] = deque([("", 0, content)])
    looked_at = 0
    while waiting:
        key, depth, place = waiting.popleft()
        looked_at += 1
        if looked_at > _MOST:  # a small file can hold one dict in many places, or in itself
            raise WeightsError(f"{source} holds more than {_MOST} dicts in dicts; it is no file of weights")
        named = {name: value for name, value in place.items() if isinstance(name, str)}
        if arrays := {name: stored(value) for name, value in named.items() if isinstance(value, (np.ndarray, Stored))}:
            yield key, arrays
        if depth < _DEEPEST:
            inner = {name: value for name, value in named.items() if isinstance(value, Mapping)}
            of_training = {name for name in inner if _OF_TRAINING.search(name)}
            waiting += ((_joined(key, name), depth + 1, inner[name]) for name in inner if name not in of_training)


def _joined(*keys: str) -> str:
    return ".".join(filter(None, keys))


def _first(name: str) -> str:
    """The first part of a name that has several."""
    return name.partition(".")[0] if "." in name else ""


def _under(first: str, arrays: Mapping[str, Stored]) -> dict[str, Stored]:
    return {name[len(first) + 1 :]: each for name, each in arrays.items() if name.startswith(f"{first}.")}
