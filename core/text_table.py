"""Plain text tables; columns are as wide as they need to be."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from prunekit.registry.errors import escaped


def columns(header: Sequence[str], rows: Sequence[Sequence[str]], right: Collection[str] = ()) -> list[str]:
    """The lines of a table, header and rule first.

    Args:
        header: Titles.
        rows: Texts, one for each title; what would break a line or move the cursor is escaped in them.
        right: Titles of the columns that are flushed right.
    """
    table = [header, *([escaped(cell.replace("\n", r"\n")) for cell in row] for row in rows)]
    widths = [max(len(row[k]) for row in table) for k in range(len(header))]
    sides = [str.rjust if title in right else str.ljust for title in header]
    lines = ["  ".join(side(c, w) for side, c, w in zip(sides, row, widths, strict=True)).rstrip() for row in table]
    return [lines[0], "-" * (sum(widths) + 2 * (len(widths) - 1)), *lines[1:]]
