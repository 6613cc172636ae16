"""Parts of channels that are taken from the end."""

from __future__ import annotations

from prunekit.core.graph import channel_structure
from prunekit.core.graph.attributes import Slice


def sliced(script, part, left):
    x = script.conv(script.input(1, 3, 4, 4), "a", 8)
    y = script.op(part, "slice", [x], (1, left, 4, 4))
    return channel_structure(script.output(script.linear(script.mean(y), "head", 2)))


def test_an_axis_reversed(script):
    graph = sliced(script, Slice(axis=1, start=None, stop=None, step=-1), 8)
    assert [group.size for group in graph.groups] == [8]
    units = {(axis.parameter, axis.axis): axis.units.tolist() for axis in graph.axes}
    assert units["head.weight", 1] == units["a.weight", 0][::-1]


def test_a_part_from_the_end_stays(script):
    graph = sliced(script, Slice(axis=1, start=4, stop=1, step=-1), 3)
    assert graph.layers[0].protected == (("slice in a takes fixed places of it", 8),)
