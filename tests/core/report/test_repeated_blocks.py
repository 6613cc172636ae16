"""Equal blocks are drawn once."""

from __future__ import annotations

import pytest

from prunekit.core.graph import channel_structure
from prunekit.core.graph.attributes import Concat
from prunekit.core.report.drawing import dot_source


def test_equal_blocks_are_drawn_once(script, stage, folded):
    x = stage(script, script.input(1, 3, 8, 8), "one", 3, 6, 4)
    drawn = folded(script, script.linear(script.mean(stage(script, x, "two", 2, 8, 4)), "head", 5))
    assert drawn.blocks == {
        "one.blocks.0": ["one.blocks.0", "one.blocks.1", "one.blocks.2"],
        "two.blocks.0": ["two.blocks.0", "two.blocks.1"],
    }
    assert [node.module for node in drawn.nodes if node.layer] == [
        "one.first", "one.blocks.0.conv1", "one.blocks.0.conv2",
        "two.first", "two.blocks.0.conv1", "two.blocks.0.conv2", "head",
    ]  # fmt: skip
    assert [copy.layer.mid for copy in drawn.copies["mid1"]] == [1, 3, 5]
    add = next(node.id for node in drawn.nodes if node.module == "one.blocks.0")
    assert [edge for edge in drawn.edges if add in edge] == [("mid0", add), ("mid2", add), (add, "mid7")]


@pytest.mark.parametrize(("width", "inner"), [(6, 5), (7, 4)])
def test_blocks_that_differ_are_all_drawn(script, width, inner, folded):
    x = script.input(1, 3, 8, 8)
    for number, (out, between) in enumerate([(6, 4), (width, inner)]):
        x = script.conv(script.conv(x, f"blocks.{number}.a", between), f"blocks.{number}.b", out)
    assert folded(script, x).blocks == {}


def test_blocks_fed_in_another_way_are_all_drawn(script, folded):
    x = script.conv(script.input(1, 3, 8, 8), "first", 4)
    y = script.conv(script.conv(x, "blocks.0.a", 4), "blocks.0.b", 4)
    z = script.conv(y, "blocks.1.a", 4)
    z = script.conv(script.op(Concat(axis=1), "cat", [z, y], (1, 8, 8, 8)), "blocks.1.b", 4)
    assert folded(script, z).blocks == {}


def test_what_blocks_read_may_differ_in_width(script):
    x = script.conv(script.input(1, 3, 8, 8), "first", 4)
    for number in range(3):
        y = script.conv(x, f"dense.layer{number}", 2)
        script.module = "dense"
        x = script.op(Concat(axis=1), "cat", [x, y], (1, 6 + 2 * number, 8, 8))
    graph = channel_structure(script.output(script.conv(x, "last", 3)))
    assert "<b>layer0 .. layer2  \u00d73</b><br/>3x3&#160; 4..8 &#8594; 2<br/>mid 1, 2, 3" in dot_source(graph)
