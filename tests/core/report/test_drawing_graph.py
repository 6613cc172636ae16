"""What a drawing leaves out."""

from __future__ import annotations

from prunekit.core.graph.attributes import Convolution, Elementwise


def test_what_only_sorts_outputs_is_left_out(script, folded):
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


def test_of_a_training_forward_only_what_evaluation_does_not_run_is_drawn(script, folded):
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
