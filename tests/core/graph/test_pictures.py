"""The table, its JSON and the drawing, letter by letter; what the drawing folds and leaves out."""

from __future__ import annotations

import json
import shutil

import pytest

from prunekit.core.graph import channel_structure
from prunekit.core.graph.attributes import Concat, Convolution, Elementwise
from prunekit.core.report.drawing import dot_source, draw
from prunekit.core.report.folding import fold
from prunekit.core.report.outline import outline
from prunekit.core.report.table import as_json, as_text


def test_table(residual):
    graph = channel_structure(residual, ignore=["head"])
    graph.notes.append("proven")
    assert as_text(graph) == TABLE


def test_json(residual):
    graph = channel_structure(residual, ignore=["head"])
    graph.notes.append("proven")
    found = json.loads(json.dumps(as_json(graph)))
    assert found["cost"] == {"macs": {"full": 76092, "least": 5770}, "params": {"full": 643, "least": 58}}
    assert [(x["mid"], x["group"], x["prunable"], x["protected"]) for x in found["layers"]] == [
        (0, 0, 6, []), (1, 1, 4, []), (2, 0, 6, []),
        (3, None, 0, [{"reason": "reaches the network's output", "channels": 5}]),
    ]  # fmt: skip
    assert found["layers"][1]["macs_share"] == pytest.approx(27648 / sum(x["macs"] for x in found["layers"]))
    assert found["groups"] == [
        {
            "id": 0, "mids": [0, 2], "modules": ["stem", "block.conv2"], "units": 6, "first": 0,
            "channels_per_unit": 1, "fixed_channels": 0,
        },
        {
            "id": 1, "mids": [1], "modules": ["block.conv1"], "units": 4, "first": 6,
            "channels_per_unit": 1, "fixed_channels": 0,
        },
    ]  # fmt: skip
    axes = {(x["parameter"], x["axis"]): x["units"] for x in found["axes"]}
    assert axes["block.conv1.weight", 0] == [6, 7, 8, 9]
    assert axes["block.conv1.weight", 1] == axes["stem.weight", 0] == axes["head.weight", 1] == [0, 1, 2, 3, 4, 5]
    assert ("head.weight", 0) not in axes
    assert found["notes"] == ["proven"]


def test_dot(residual):
    assert dot_source(channel_structure(residual), "A & B") == DOT


def test_draw_writes_the_text_and_says_what_is_missing(residual, tmp_path, monkeypatch):
    graph = channel_structure(residual)
    assert draw(graph, tmp_path / "sub" / "graph.dot", "A & B") is None
    assert (tmp_path / "sub" / "graph.dot").read_text(encoding="utf-8") == DOT
    monkeypatch.setattr("shutil.which", lambda name: None)
    hint = draw(graph, tmp_path / "graph.svg")
    assert "install Graphviz" in hint
    assert str(tmp_path / "graph.dot") in hint
    assert not (tmp_path / "graph.svg").exists()


def stage(script, x, module, blocks, width, inner):
    """A convolution, and blocks with a shortcut around each."""
    x = script.conv(x, f"{module}.first", width)
    for number in range(blocks):
        y = script.conv(x, f"{module}.blocks.{number}.conv1", inner)
        y = script.conv(y, f"{module}.blocks.{number}.conv2", width)
        script.module = f"{module}.blocks.{number}"
        x = script.op(Elementwise(), "add_", [x, y], script.graph.tensors[x].shape)
    return x


def folded(script, x):
    graph = channel_structure(script.output(x))
    return fold(graph, *outline(graph))


def test_equal_blocks_are_drawn_once(script):
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
def test_blocks_that_differ_are_all_drawn(script, width, inner):
    x = script.input(1, 3, 8, 8)
    for number, (out, between) in enumerate([(6, 4), (width, inner)]):
        x = script.conv(script.conv(x, f"blocks.{number}.a", between), f"blocks.{number}.b", out)
    assert folded(script, x).blocks == {}


def test_blocks_fed_in_another_way_are_all_drawn(script):
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


def test_what_only_sorts_outputs_is_left_out(script):
    x = script.conv(script.input(1, 3, 8, 8), "boxes", 4)
    y = script.conv(x, "scores", 4)
    shape = script.graph.tensors[x].shape
    script.op(Elementwise(), "gt", [x, y], shape)  # leads nowhere
    few = x
    for _ in range(3):
        few = script.op(Elementwise(), "mul", [few, y], shape)
    assert [node.text for node in folded(script, few).nodes if node.text] == ["input 1x3x8x8", *["mul"] * 3, "output"]
    for _ in range(3):
        few = script.op(Elementwise(), "mul", [few, y], shape)
    script.graph.outputs[:] = []
    drawn = folded(script, few)
    assert [node.id for node in drawn.nodes] == ["in", "mid0", "mid1", "out"]
    assert drawn.edges == [("in", "mid0"), ("mid0", "mid1"), ("mid0", "out"), ("mid1", "out")]


def test_of_a_training_forward_only_what_evaluation_does_not_run_is_drawn(script):
    x = script.conv(script.input(1, 3, 8, 8), "stem", 4)
    script.graph.outputs.append(script.conv(x, "head", 3))
    script.graph.training_from = len(script.graph.operators)
    again = script.input(2, 3, 8, 8)
    y = script.op(Convolution(groups=1, transposed=False, stride=1), "convolution", [again, 1], (2, 4, 8, 8))
    drawn = folded(script, script.conv(script.add(y, y), "aux", 3))
    assert [node.module or node.text for node in drawn.nodes] == ["input 1x3x8x8", "stem", "head", "aux", "output"]
    assert drawn.edges == [
        ("in", "mid0"), ("mid0", "mid1"), ("mid0", "mid2"), ("mid1", "out"), ("mid2", "out"),
    ]  # fmt: skip


def test_many_groups_and_reasons_are_counted(script):
    x = script.input(1, 3, 8, 8)
    for number in range(14):
        x = script.conv(x, f"a{number}", 4 + number)
        x = script.add(x, script.conv(x, f"b{number}", 4 + number))
    source = dot_source(channel_structure(script.output(script.conv(x, "last", 3))))
    assert "group 22: 2 layers, 15 units" in source and "group 24: 2 layers" not in source
    assert "and 2 further groups, in the same colours again" in source


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
def test_graphviz_reads_it(script, tmp_path):
    x = stage(script, script.input(1, 3, 8, 8), "st<age", 3, 6, 4)
    graph = channel_structure(script.output(script.linear(script.mean(x), "head", 5)))
    assert draw(graph, tmp_path / "graph.svg", "<A> & 'B'") is None
    text = (tmp_path / "graph.svg").read_text(encoding="utf-8")
    assert "blocks.0 .. 2" in text and "\u00d73" in text and "&lt;A&gt; &amp; " in text


TABLE = """\
mid  module       group  channels  prunable  MACs %  params %  kept because it
-------------------------------------------------------------------------------------------
  0  stem             0         6         6    27.3      26.1
  1  block.conv1      1         4         4    36.3      33.6
  2  block.conv2      0         6         6    36.3      33.6
  3  head             -         5         0     0.1       5.4  reaches the network's output
in no layer above: 1.2% of the parameters (embeddings, positions, norms)
MACs: 76,092, down to 5,770 (7.6%) with one unit left in every group
parameters: 643, down to 58 (9.0%) with one unit left in every group
proven"""
DOT = r"""digraph {
	graph [fontname=Helvetica fontsize=11 nodesep=0.3 ranksep=0.22]
	node [fontname=Helvetica fontsize=10 margin="0.1,0.04" shape=box style="filled,rounded"]
	edge [arrowsize=0.6 color="#555555"]
	in [label="input 2x3x8x8" shape=plaintext style=""]
	mid0 [label=<<b>stem</b><br/>3x3&#160; 3 &#8594; 6<br/>mid 0, group 0> fillcolor="#9ecbf0" style="filled,rounded"]
	op4 [label=add fillcolor="#ffffff" fontsize=9 height=0.2 margin=0.02 shape=ellipse]
	mid3 [label=<<b>head</b><br/>linear&#160; 6 &#8594; 5<br/>mid 3<br/>kept (1)> fillcolor="#d9d9d9" style="filled,rounded,dashed"]
	out [label=output shape=plaintext style=""]
	subgraph cluster_block {
		color="#999999" fontsize=11 label=block labeljust=l style=rounded
		mid1 [label=<<b>conv1</b><br/>3x3&#160; 6 &#8594; 4<br/>mid 1> fillcolor="#ffffff" style="filled,rounded"]
		mid2 [label=<<b>conv2</b><br/>3x3&#160; 4 &#8594; 6<br/>mid 2, group 0> fillcolor="#9ecbf0" style="filled,rounded"]
	}
	in -> mid0
	mid0 -> mid1
	mid1 -> mid2
	mid0 -> op4
	mid2 -> op4
	op4 -> mid3
	mid3 -> out
	label=<<b>A &amp; B</b><br align="left"/>76.1 k MACs, 643 parameters in 4 layers<br align="left"/>layers of one colour lose channels together:<br align="left"/><font color="#9ecbf0">&#9632;</font> group 0: 2 layers, 6 units<br align="left"/>&#9633; a layer that loses channels by itself; its group is its mid<br align="left"/><font color="#d9d9d9">&#9632;</font> kept (1): reaches the network&#x27;s output<br align="left"/>> labeljust=l labelloc=t
}
"""  # noqa: E501
