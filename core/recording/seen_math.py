"""``math.sqrt`` that knows what it takes the root of, for a network's code: ``1 / math.sqrt(math.sqrt(x.shape[1]))``.

Python's own returns a plain number, of which only its value tells that it may be the root of a size.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from prunekit.core.graph.tracked_sizes import SymInt, Uses
from prunekit.core.recording.seen_builtins import Namespace


@contextmanager
def seen_roots(namespaces: Iterable[Namespace], uses: Uses) -> Iterator[None]:
    """Inside the block square roots of sizes, and roots of those, are noted as powers of the size.

    Args:
        namespaces: Where the code may have imported the function by its name.
        uses: Knows the powers.
    """
    plain = math.sqrt

    def sqrt(number: Any, /) -> float:
        root = plain(number)
        power = (number.origin, 1.0) if isinstance(number, SymInt) else None
        if type(number) is float:
            power = uses.power(number)
        if power is not None and root:
            uses.note(root, power[0], power[1] / 2)
        return root

    changed = [(space, key) for space in (vars(math), *namespaces) for key, value in space.items() if value is plain]
    try:
        for space, key in changed:
            space[key] = sqrt
        yield
    finally:
        for space, key in changed:
            space[key] = plain
