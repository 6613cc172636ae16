"""The table and the drawing, letter by letter."""

from __future__ import annotations

from prunekit.core.graph import channel_graph
from prunekit.core.graph.drawing import dot_source, draw


def test_table(residual):
    graph = channel_graph(residual, ignore=["head"])
    graph.notes.append("proven")
    assert graph.table() == TABLE


def test_dot(residual):
    assert dot_source(channel_graph(residual)) == DOT


def test_draw_writes_the_text_and_says_what_is_missing(residual, tmp_path, monkeypatch):
    graph = channel_graph(residual)
    assert draw(graph, tmp_path / "sub" / "graph.dot") is None
    assert (tmp_path / "sub" / "graph.dot").read_text(encoding="utf-8") == DOT
    monkeypatch.setattr("shutil.which", lambda name: None)
    hint = draw(graph, tmp_path / "graph.svg")
    assert "install Graphviz" in hint
    assert str(tmp_path / "graph.dot") in hint
    assert not (tmp_path / "graph.svg").exists()


TABLE = """\
mid  module       group  channels  prunable  MACs %  params %  kept because it
-------------------------------------------------------------------------------------------
  0  stem             0         6         6    27.3      26.5
  1  block.conv1      1         4         4    36.3      34.0
  2  block.conv2      0         6         6    36.3      34.0
  3  head             -         5         0     0.1       5.5  reaches the network's output
MACs: 76,092, down to 5,770 (7.6%) with one unit left in every group
parameters: 643, down to 58 (9.0%) with one unit left in every group
proven"""
DOT = r"""digraph {
	graph [rankdir=TB ranksep=0.25]
	node [fontname=Helvetica fontsize=10 margin="0.08,0.04" shape=box style="filled,rounded"]
	mid0 [label="0  stem
3 > 6, group 0, 6 can go" fillcolor="#cfe8ff"]
	mid1 [label="1  block.conv1
6 > 4, group 1, 4 can go" fillcolor="#d9f2d0"]
	mid2 [label="2  block.conv2
4 > 6, group 0, 6 can go" fillcolor="#cfe8ff"]
	mid3 [label="3  head
6 > 5, kept" fillcolor="#eeeeee"]
	in [label=input shape=plaintext style=""]
	out [label=output shape=plaintext style=""]
	op4 [label=add fillcolor=white shape=ellipse style=filled]
	in -> mid0
	mid0 -> mid1
	mid1 -> mid2
	mid0 -> op4
	mid2 -> op4
	op4 -> mid3
	mid3 -> out
}
"""
