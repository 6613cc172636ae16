from __future__ import annotations

import sys

from prunekit.core.graph.code_places import CodePlace, CodePlaces

places = CodePlaces()


def here():
    return places.of(sys._getframe(1))


def test_an_expression_is_found_by_its_columns():
    found = here() if places else None
    assert (found.package, found.columns is None or found.text) == (__name__, found.columns is None or "here()")
    assert str(found).startswith("test_code_places.py:") and "here()" in str(found)
    assert found is not here()


def test_each_place_is_looked_up_once():
    first, second = (here() for _ in range(2))
    assert first is second


def test_code_without_a_file_has_no_text():
    space = {"here": here, "__name__": "made.up"}
    exec("found = here()", space)
    assert (space["found"].package, space["found"].text, str(space["found"])) == ("made.up", "", "<string>:1")


def test_packages():
    place = CodePlace("torch.nn.functional", "f.py", 1)
    assert place.within(["numpy", "torch"]) and place.within(["torch.nn.functional"])
    assert not place.within(["torchvision", "torch.nn.func"]) and not place.within([])
