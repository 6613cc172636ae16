from __future__ import annotations

import pytest

from prunekit.core.cost import price
from prunekit.core.cost.counting import CountedKind, compare_counts, priced_places
from prunekit.core.graph import channel_structure


@pytest.fixture
def graph(residual):
    return channel_structure(residual)


def test_prices_by_module_and_kind_add_up(graph):
    places = priced_places(graph)
    assert sum(places.values()) == price(graph).macs
    assert {kind for _, kind in places} == {"convolution", "linear"}
    assert len({module for module, _ in places}) > 2


def test_where_nothing_differs(graph):
    found = compare_counts(graph, priced_places(graph))
    assert [(row.kind, row.modules) for row in found] == [("convolution", ()), ("linear", ())]
    assert all(row.priced == row.counted > 0 for row in found)


def test_differences_by_kind_with_the_modules_where_they_are(graph):
    counted = priced_places(graph)
    (first, _), (second, _) = [place for place in counted if place[1] == "convolution"][:2]
    counted[first, "convolution"] += 1
    counted[second, "convolution"] -= 5
    counted["", "norm"] = 7.0
    del counted[next(place for place in counted if place[1] == "linear")]
    rows = {row.kind: row for row in compare_counts(graph, counted)}
    assert rows["convolution"].modules == (second, first)
    assert rows["convolution"].counted == rows["convolution"].priced - 4
    assert rows["norm"] == CountedKind("norm", 0.0, 7.0, ("the network",))
    assert rows["linear"].counted == 0 and len(rows["linear"].modules) == 1
