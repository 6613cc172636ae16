from __future__ import annotations

from prunekit.core.config.dump import plain


def test_a_set_is_written_in_one_order() -> None:
    """Python's own order of texts is another in every process, and -r compares what was written."""
    letters = [chr(ord("a") + number) for number in range(26)]
    assert plain({"skip": set(letters), "sizes": frozenset((3, 1, 2))}) == {"skip": letters, "sizes": [1, 2, 3]}
