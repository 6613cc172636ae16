"""Parses budgets: conditions on the share of the original's cost that may stay."""

from __future__ import annotations

import re
from dataclasses import dataclass

from prunekit.registry import Register, RegisterType, nearest_or_all

_LONGEST = 500
_CONDITION = re.compile(r"\s*([A-Za-z]\w*)\s*<=\s*(\S+?)\s*")


@dataclass(frozen=True)
class Constraint:
    """``cost <= limit``.

    Attributes:
        cost: Name of a registered cost estimator.
        limit: Largest share of the original network's cost, in (0, 1].
    """

    cost: str
    limit: float

    def __str__(self) -> str:
        return f"{self.cost} <= {self.limit:g}"


def parse_budget(text: str) -> tuple[Constraint, ...]:
    """Read ``"flops <= 0.5 and params <= 0.6"``.

    Raises:
        ValueError: A part is no such condition, names no cost, or its share is not in (0, 1].
    """
    if len(text) > _LONGEST:
        raise ValueError(f"a budget of {len(text):,} characters; write 'flops <= 0.5', several joined by 'and'")
    return tuple(_constraint(part) for part in re.split(r"\band\b", text))


def _constraint(part: str) -> Constraint:
    found = _CONDITION.fullmatch(part)
    if found is None:
        raise ValueError(f"{part.strip()!r} is not a condition; write 'flops <= 0.5', several joined by 'and'")
    name, number = found.groups()
    entry = next((each for each in Register.entries(RegisterType.COST_ESTIMATOR) if name in each.names), None)
    if entry is None:
        names = [each for found in Register.entries(RegisterType.COST_ESTIMATOR) for each in found.names]
        raise ValueError(f"no cost estimator named {name!r}{nearest_or_all(name, sorted(set(names)))}")
    try:
        limit = float(number)
    except ValueError:
        raise ValueError(f"{part.strip()!r}: {number!r} is not a number; write 'flops <= 0.5'") from None
    if not 0 < limit <= 1:
        raise ValueError(f"{part.strip()!r}: a budget is a share of the original, above 0 and at most 1")
    return Constraint(entry.name, limit)
