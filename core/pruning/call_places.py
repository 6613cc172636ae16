"""Where in a network an operator runs: which call of it this is, in all and in its module."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TypeAlias

Call: TypeAlias = tuple[str, int]
"""An operator and its number among all calls of it, as the recording counts them."""

Place: TypeAlias = tuple[str, str, int]
"""A module, an operator, and its number among that module's calls of the operator: the same in both networks."""


class CallPlaces:
    """Counts calls of operators while a network runs.

    Args:
        before: How often each operator was called before.

    Attributes:
        of_modules: How often each module has called each operator.
    """

    def __init__(self, before: Mapping[str, int]) -> None:
        self.of_modules = Counter[tuple[str, str]]()
        self._calls, self._path = Counter(before), [""]

    def enter(self, module: str | None) -> None:
        """A module's forward begins; one without a name counts as part of the module that calls it."""
        self._path.append(self._path[-1] if module is None else module)

    def leave(self) -> None:
        """A module's forward has ended, or failed."""
        self._path.pop()

    def count(self, operator: str) -> tuple[Call, Place]:
        """An operator is called."""
        module = self._path[-1]
        call, place = (operator, self._calls[operator]), (module, operator, self.of_modules[module, operator])
        self._calls[operator] += 1
        self.of_modules[module, operator] += 1
        return call, place
