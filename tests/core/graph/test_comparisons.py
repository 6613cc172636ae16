"""Sizes that the code compares: what is tied, what stays, and what is left for each plan to be looked at."""

from __future__ import annotations

import pytest

from prunekit.core.graph import channel_structure
from prunekit.core.graph.code_places import CodePlace
from prunekit.core.graph.tracked_sizes import Attribute, Combined, Compared, Extent, Literal

HERE = CodePlace("net", "net.py", 12)
NUMBER = Attribute(6, "m", ("n",))


@pytest.fixture
def compared(script):
    """Two layers of six and four channels; ``compared(...)`` is the structure where their sizes were compared."""
    a = script.conv(script.input(1, 3, 4, 4), "a", 6)
    b = script.conv(a, "b", 4)
    script.output(script.linear(script.mean(b), "head", 2))

    def structure(*comparisons, by_framework=False):
        for left, operator, right, holds in comparisons:
            script.graph.compared.append(Compared(left, operator, right, holds, HERE, "m", by_framework))
        return channel_structure(script.graph)

    return Extent(6, a, 1), Extent(4, b, 1), structure


def sizes(graph):
    return [(group.mids, group.size) for group in graph.groups]


def test_what_differs_is_left_for_the_plans(compared):
    a, b, structure = compared
    graph = structure((a, "!=", b, True), (a, "!=", b, True), (a, "==", b, False))
    assert sizes(graph) == [((0,), 6), ((1,), 4)]
    assert [(c.operator, c.holds, c.place, c.module) for c in graph.comparisons] == [
        ("!=", True, "net.py:12", "m"),
        ("==", False, "net.py:12", "m"),
    ]
    assert {leaf: units.tolist() for leaf, units in graph.comparisons[0].units.items()} == {
        a: [0, 1, 2, 3, 4, 5],
        b: [6, 7, 8, 9],
    }


def test_what_the_framework_compares_decides_nothing(compared):
    a, b, structure = compared
    assert structure((a, "!=", b, True), (a, ">", 5, True), by_framework=True).comparisons == ()


def test_what_no_plan_changes_costs_nothing(compared):
    a, _, structure = compared
    image = Extent(3, 0, 1)
    graph = structure((image, "==", 3, True), (a, "==", a, True), (image, "!=", a, True))
    assert [c.right for c in graph.comparisons] == [a]


@pytest.mark.parametrize(
    "same",
    [lambda a: (a, "==", 6, True), lambda a: (a, "!=", Literal(6), False), lambda a: (a, ">=", 6, True),
     lambda a: (Combined(3, "//", a, Literal(2)), ">", 2, True)],
)  # fmt: skip
def test_what_can_never_go_stays(compared, same):
    a, _, structure = compared
    graph = structure(same(a))
    assert sizes(graph) == [((1,), 4)] and graph.comparisons == ()
    assert graph.layers[0].protected == (("cannot go without another outcome of net.py:12", 6),)


@pytest.mark.parametrize(
    "bound", [lambda a: (a, ">", 3, True), lambda a: (Combined(0, "%", a, Literal(2)), "==", 0, True)]
)
def test_what_may_go_in_part_is_left_for_the_plans(compared, bound):
    a, _, structure = compared
    graph = structure(bound(a))
    assert sizes(graph) == [((0,), 6), ((1,), 4)] and len(graph.comparisons) == 1


def test_an_attribute_that_equals_one_that_follows_follows_as_well(compared):
    a, _, structure = compared
    other, third = Attribute(6, "k", ("i",)), Attribute(6, "k", ("o",))
    graph = structure((other, "==", third, True), (NUMBER, "!=", other, False), (a, "==", NUMBER, True))
    held = {(h.module, h.path): h.units.tolist() for h in graph.held_sizes}
    assert held == {key: [0, 1, 2, 3, 4, 5] for key in [("m", ("n",)), ("k", ("i",)), ("k", ("o",))]}
    assert graph.comparisons == ()


def test_a_quotient_times_its_divisor_is_the_size(compared):
    a, _, structure = compared
    heads = Attribute(2, "m", ("heads",))
    whole = Combined(6, "*", Combined(3, "//", a, heads), heads)
    graph = structure((whole, "==", NUMBER, True))
    assert [h.path for h in graph.held_sizes] == [("n",)] and len(graph.comparisons) == 1


def test_equal_sizes_are_tied(script):
    x = script.input(1, 3, 4, 4)
    a, b = script.conv(x, "a", 6), script.conv(x, "b", 6)
    ends = [script.linear(script.mean(y), name, 2) for y, name in ((a, "c"), (b, "d"))]
    script.output(script.add(*ends))
    script.graph.compared.append(Compared(Extent(6, a, 1), "==", Extent(6, b, 1), True, HERE, "m"))
    graph = channel_structure(script.graph)
    assert sizes(graph) == [((0, 1), 6)] and graph.comparisons == ()
