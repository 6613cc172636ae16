"""What no setting can be, whichever component takes it: no finite number, no number that fits, no text for a file."""

from __future__ import annotations

import cmath
from decimal import Decimal
from typing import Any

from prunekit.core.config.node import Node
from prunekit.core.config.problems import Findings

_LEAST, _MOST = -(2**63), 2**64 - 1
_LAYOUT = "\t\n\r"


def unusable(value: Any) -> str | None:
    """Return what a single value must be and is not; None where it is one that any setting may have."""
    if isinstance(value, (float, complex, Decimal)) and not _is_finite(value):
        return "must be a finite number"
    if isinstance(value, int) and not _LEAST <= value <= _MOST:
        return "must be a whole number of at most 64 bits"
    if isinstance(value, str):
        wrong = next((each for each in value if _is_control(each)), None)
        return None if wrong is None else f"must be text without the character U+{ord(wrong):04X}"
    return None


def _is_finite(number: float | complex | Decimal) -> bool:
    return number.is_finite() if isinstance(number, Decimal) else cmath.isfinite(number)


def refuse_unusable(node: Node, findings: Findings, words: Any) -> list[Node]:
    """Record a problem for each value below ``node``, and for each of its keys, that no setting can be; return them.

    Args:
        node: A block, a list or a single value.
        findings: Takes the problems.
        words: How a node is shown.
    """
    refused = []
    for each in node.walk():
        text = unusable(each.value)
        key = each.path[-1] if each is not node and each.path else ""
        if text is not None:
            findings.problem(each, f"{text}, not {words(each)}")
        elif (wrong := unusable(key)) is not None:
            findings.problem(each, f"the key {wrong}")
        else:
            continue
        refused.append(each)
    return refused


def _is_control(character: str) -> bool:
    """Whether it is a control character, or half of one that UTF-16 writes as two: nothing can be named so."""
    code = ord(character)
    return (code < 0x20 and character not in _LAYOUT) or 0x7F <= code < 0xA0 or 0xD800 <= code < 0xE000
