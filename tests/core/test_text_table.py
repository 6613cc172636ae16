from __future__ import annotations

from prunekit.core.text_table import columns


def test_columns_are_as_wide_as_they_need_to_be() -> None:
    assert columns(("name", "n"), [("a", "10"), ("longer", "9")], right={"n"}) == [
        "name     n",
        "----------",
        "a       10",
        "longer   9",
    ]


def test_what_a_name_holds_stays_in_its_cell() -> None:
    _, _, first, second = columns(("name", "n"), [("\x1b[2Ja\nb", "1"), ("c\udc80\u202e", "2")])
    assert first == r"\x1b[2Ja\nb    1" and second == r"c\udc80\u202e  2"
