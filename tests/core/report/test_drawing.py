"""The drawing of a channel graph, letter by letter."""

from __future__ import annotations

import shutil

import pytest

from prunekit.core.graph import channel_structure
from prunekit.core.report.drawing import dot_source, draw


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


def test_many_groups_and_reasons_are_counted(script):
    x = script.input(1, 3, 8, 8)
    for number in range(14):
        x = script.conv(x, f"a{number}", 4 + number)
        x = script.add(x, script.conv(x, f"b{number}", 4 + number))
    source = dot_source(channel_structure(script.output(script.conv(x, "last", 3))))
    assert "group 22: 2 layers, 15 units" in source and "group 24: 2 layers" not in source
    assert "and 2 further groups, in the same colours again" in source


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
def test_graphviz_reads_it(script, tmp_path, stage):
    x = stage(script, script.input(1, 3, 8, 8), "st<age", 3, 6, 4)
    graph = channel_structure(script.output(script.linear(script.mean(x), "head", 5)))
    assert draw(graph, tmp_path / "graph.svg", "<A> & 'B'") is None
    text = (tmp_path / "graph.svg").read_text(encoding="utf-8")
    assert "blocks.0 .. 2" in text and "\u00d73" in text and "&lt;A&gt; &amp; " in text


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
