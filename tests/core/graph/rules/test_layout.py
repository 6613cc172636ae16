"""Positions added at the ends of channels, by how many the code says."""

from __future__ import annotations

import pytest

from prunekit.core.graph import channel_structure
from prunekit.core.graph.attributes import Concat, Create, Pad
from prunekit.core.graph.tracked_sizes import Attribute, Combined, Extent, Literal


def padded(script, origins, pads=(2, 2)):
    """Four channels padded to eight, and eight that they are added to."""
    x = script.input(1, 3, 4, 4)
    a, b = script.conv(x, "a", 4), script.conv(x, "b", 8)
    ends = ((0, 0), pads, (0, 0), (0, 0))
    whole = script.op(Pad(pads=ends, constant=True, origins=origins(a)), "pad", [a], (1, 8, 4, 4))
    return script.output(script.linear(script.mean(script.add(b, whole)), "head", 2))


def along_channels(pair):
    return ((None, None), pair, (None, None), (None, None))


def missing(a):
    return Combined(4, "-", Attribute(8, "b", ("width",)), Extent(4, a, 1))


HALF = {
    "held apart": lambda a: (Attribute(2, "p", ("pad", 0)), Attribute(2, "p", ("pad", 1))),
    "held once": lambda a: (Attribute(2, "p", ("pad",)), Attribute(2, "p", ("pad",))),
    "halves": lambda a: (Combined(2, "//", missing(a), Literal(2)),) * 2,
    "a half and the rest": lambda a: (
        half := Combined(2, "//", missing(a), Literal(2)),
        Combined(2, "-", missing(a), half),
    ),
}


WIDTH = {("b", ("width",)): 8}


@pytest.mark.parametrize(
    ("how", "units", "held"),
    [
        ("held apart", 8, {("p", ("pad", 0)): 2, ("p", ("pad", 1)): 2}),
        ("held once", 6, {("p", ("pad",)): 2}),
        ("halves", 6, WIDTH),
        ("a half and the rest", 6, WIDTH),
    ],
)
def test_padded_channels_go(script, how, units, held):
    graph = channel_structure(padded(script, lambda a: along_channels(HALF[how](a))))
    assert [group.size + group.fixed for group in graph.groups] == [units]
    assert [sum(count for _, count in layer.protected) for layer in graph.layers[:2]] == [1, 1]  # the last of them
    assert {(size.module, size.path): size.units.size for size in graph.held_sizes} == held


def test_filled_up_at_one_end(script):
    graph = channel_structure(padded(script, lambda a: along_channels((Literal(0), missing(a))), (0, 4)))
    assert [size.units.tolist() for size in graph.held_sizes] == [graph.axes[2].units.tolist()]


@pytest.mark.parametrize("origins", [lambda a: (), lambda a: along_channels((Literal(2), Literal(2)))])
def test_as_many_as_the_code_says_stay(script, origins):
    graph = channel_structure(padded(script, origins))
    assert graph.layers[1].protected == (("pad in b adds a fixed number of channels", 4),)


def test_filled_up_to_a_size_in_the_code(script):
    graph = channel_structure(
        padded(script, lambda a: along_channels((None, Combined(4, "-", Literal(8), Extent(4, a, 1)))), (0, 4))
    )
    assert graph.layers[0].protected == (("pad in b has its size 8 in the network's code", 4),)


def test_zeros_that_fill_up(script):
    x = script.input(1, 3, 4, 4)
    a, b = script.conv(x, "a", 4), script.conv(x, "b", 8)
    sizes = (None, missing(a), None, None)
    zeros = script.op(Create(ordered=False, origins=sizes), "zeros", [], (1, 4, 4, 4))
    whole = script.op(Concat(axis=1), "cat", [zeros, a], (1, 8, 4, 4))
    graph = channel_structure(script.output(script.linear(script.mean(script.add(b, whole)), "head", 2)))
    assert [group.size + group.fixed for group in graph.groups] == [8]
