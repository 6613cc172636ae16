"""Products and quotients of sizes, with what cannot change taken together: ``n * c * 49 // n`` is ``c * 49``."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from prunekit.core.graph.tracked_sizes import Combined, Literal, SizeOrigin


def factors(origin: SizeOrigin | None) -> list[SizeOrigin]:
    """What a size is the product of."""
    if origin is None:
        return []
    if isinstance(origin, Combined) and origin.operator == "*":
        return [*factors(origin.left), *factors(origin.right)]
    return [origin]


def simplified(origin: SizeOrigin, changes: Callable[[SizeOrigin], bool]) -> SizeOrigin:
    """A quotient without the factors that stand above and below, and without rounding; any other size as it is.

    Args:
        origin: The size.
        changes: Whether a factor may change when channels go.
    """
    origin = _without_rounding(origin)
    if not isinstance(origin, Combined) or origin.operator != "//" or origin.right.value <= 0:
        return origin
    left = simplified(origin.left, changes)
    above, below = factors(left), factors(origin.right)
    if left is origin.left and not any(changes(f) for f in above) and not any(changes(f) for f in below):
        return origin
    if isinstance(left, Combined) and left.operator == "//":  # a / b / c is a / (b c)
        above, below = factors(left.left), [*factors(left.right), *below]
    if prod(f.value for f in above) % prod(f.value for f in below):
        return origin
    for factor in list(below):
        same = next((f for f in above if f == factor), None)
        if same is None and not changes(factor):
            same = next((f for f in above if f.value == factor.value and not changes(f)), None)
        if same is not None:
            above.remove(same)
            below.remove(factor)
    return _quotient(above, below, changes)


def _without_rounding(origin: SizeOrigin) -> SizeOrigin:
    """``-(-a // n)``, ``(a + n - 1) // n`` and the half ``a - a // 2`` as plain quotients, where nothing is rounded."""
    match origin:
        case Combined(_, "-", Literal(0), Combined(_, "//", Combined(_, "-", Literal(0), whole), part)):
            pass
        case Combined(_, "//", Combined(_, "-", Combined(_, "+", whole, added), Literal(1)), part) if added == part:
            pass
        case Combined(_, "//", Combined(_, "+", whole, Literal(rest)), part) if rest == part.value - 1:
            pass
        case Combined(_, "-", whole, Combined(_, "//", same, Literal(2) as part)) if whole == same:
            pass
        case _:
            return origin
    exact = part.value > 0 and whole.value % part.value == 0
    return Combined(whole.value // part.value, "//", whole, part) if exact else origin


def _quotient(above: list[SizeOrigin], below: list[SizeOrigin], changes: Callable[[SizeOrigin], bool]) -> SizeOrigin:
    """The numbers that stay are divided by each other, as far as they go into each other."""
    upper, lower = (prod(f.value for f in part if not changes(f)) for part in (above, below))
    place = next((k for k, f in enumerate(above) if not changes(f) and f.value % lower == 0), None)
    if lower > 1 and place is not None:
        above[place] = Literal(above[place].value // lower)
        below = [f for f in below if changes(f)]
    elif lower > 1 and lower % upper == 0:
        above = [f for f in above if changes(f)]
        below = [*(f for f in below if changes(f)), Literal(lower // upper)]
    top, bottom = _product(above), _product(below)
    return Combined(top.value // bottom.value, "//", top, bottom) if below else top


def _product(parts: list[SizeOrigin]) -> SizeOrigin:
    found: SizeOrigin = parts[0] if parts else Literal(1)
    for part in parts[1:]:
        found = Combined(found.value * part.value, "*", found, part)
    return found
