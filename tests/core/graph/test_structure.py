"""The graph of a forward that was written down by hand: no framework is needed for any of it."""

from __future__ import annotations

import numpy as np
import pytest

from prunekit.core.graph import channel_structure
from prunekit.core.graph.attributes import Concat, Elementwise, Opaque, Reduce, Slice
from prunekit.core.graph.structure import staying


def test_groups_layers_axes(residual):
    graph = channel_structure(residual)
    assert [(g.id, g.mids, g.name, g.size, g.offset) for g in graph.groups] == [
        (0, (0, 2), "stem", 6, 0), (1, (1,), "block.conv1", 4, 6),
    ]  # fmt: skip
    assert [(x.mid, x.name, x.kind, x.group) for x in graph.layers] == [
        (0, "stem", "convolution", 0), (1, "block.conv1", "convolution", 1), (2, "block.conv2", "convolution", 0),
        (3, "head", "linear", None),
    ]  # fmt: skip
    axes = {(a.parameter, a.axis): a.units.tolist() for a in graph.axes}
    assert axes["stem.weight", 0] == axes["stem.bias", 0] == axes["block.conv2.weight", 0] == list(range(6))
    assert axes["head.weight", 1] == axes["block.conv1.weight", 1] == list(range(6))
    assert axes["block.bn.running_mean", 0] == axes["block.conv2.weight", 1] == [6, 7, 8, 9]
    assert axes["stem.weight", 1] == [-1] * 3
    assert axes["head.weight", 0] == [-1] * 5
    assert graph.group_of(2) is graph.groups[0]
    assert graph.group_of(3) is None
    assert graph.units == 10
    assert set(graph.parameters()) >= {"stem.weight", "block.bn.running_var"}


def test_readers_know_what_takes_up_a_shift(residual):
    readers = {r.weight: (r.shift, r.in_axis, r.groups, r.block) for r in channel_structure(residual).readers}
    assert readers == {
        "stem.weight": (("stem.bias", 1), 1, 1, 1),
        "block.conv1.weight": (("block.bn.running_mean", -1), 1, 1, 1),
        "block.conv2.weight": (None, 1, 1, 1),
        "head.weight": (("head.bias", 1), 1, 1, 1),
    }


def test_ignore(residual):
    assert [g.id for g in channel_structure(residual, ignore=["block"]).groups] == []
    assert [g.id for g in channel_structure(residual, ignore=["block.conv1"]).groups] == [0]
    reasons = channel_structure(residual, ignore=["block.conv1"]).layers[1].protected
    assert reasons == (("is kept as the caller asks", 4),)
    with pytest.raises(
        ValueError, match=r"no layer in a module 'blok'; there are block.conv1, block.conv2, head, stem"
    ):
        channel_structure(residual, ignore=["blok"])


def test_frozen(residual):
    graph = channel_structure(residual, frozen=[(2, "somebody says so")])
    assert [g.id for g in graph.groups] == [1]
    assert graph.layers[0].protected == (("somebody says so", 6),)


def test_signature_knows_structure_not_names(script, residual):
    first = channel_structure(residual).signature
    other = type(script)()
    x = other.conv(other.input(5, 3, 9, 9), "a", 6, bias=True)
    y = other.conv(other.norm(other.conv(x, "b", 4), "c"), "d", 6)
    assert channel_structure(other.output(other.linear(other.mean(other.add(x, y)), "e", 5))).signature == first
    third = type(script)()
    x = third.conv(third.input(2, 3, 8, 8), "a", 6)
    assert channel_structure(third.output(third.linear(third.mean(x), "e", 5))).signature != first


def test_sizes_that_the_framework_computes_hold_nothing(script):
    """Halves of one tensor are added: a pair of channels goes, and no bound is asked where it comes from."""
    x = script.conv(script.input(1, 3, 4, 4), "a", 8)
    half = (1, 4, 4, 4)
    left = script.op(Slice(axis=1, start=0, stop=4), "slice", [x], half)
    right = script.op(Slice(axis=1, start=4, stop=8), "slice", [x], half)
    graph = channel_structure(script.output(script.linear(script.mean(script.add(left, right)), "head", 2)))
    assert [(g.size, g.per_unit, g.fixed) for g in graph.groups] == [(4, 2, 0)]


@pytest.mark.parametrize(
    ("axes", "over", "masked"), [((1,), "mean", True), ((1,), "extreme", True), ((2, 3), "mean", False)]
)
def test_statistics_over_channels_leave_out_what_goes(script, axes, over, masked):
    x = script.conv(script.input(1, 3, 4, 4), "a", 8)
    shape = (1, *(1 if k + 1 in axes else n for k, n in enumerate((8, 4, 4))))
    gate = script.op(Reduce(axes=axes, keepdim=True, over=over), over, [x], shape)
    x = script.op(Elementwise(), "mul", [x, gate], (1, 8, 4, 4))
    graph = channel_structure(script.output(script.linear(script.mean(x), "head", 2)))
    linear = len(graph.operators.operators) - 1  # sums over channels too
    found = [(m.operator, m.operand, m.axis, m.units.tolist()) for m in graph.masks if m.operator != linear]
    assert found == ([(1, 0, 1, list(range(8)))] if masked else [])


def test_values_over_channels_keep_them(script):
    x = script.conv(script.input(1, 3, 4, 4), "a", 8)
    first = script.op(Reduce(axes=(1,), keepdim=True, over="values"), "argmax", [x], (1, 1, 4, 4))
    graph = channel_structure(script.output(script.add(x, first)))
    assert graph.layers[0].protected == (("argmax in a is taken over it", 8),)


def test_no_layer_is_ever_emptied(script):
    """Of two layers that make up one sum, each keeps a channel; that one is told."""
    x = script.input(1, 3, 4, 4)
    a, b, c = script.conv(x, "a", 2), script.conv(x, "b", 4), script.conv(x, "c", 6)
    both = script.op(Concat(axis=1), "cat", [a, b], (1, 6, 4, 4))
    graph = channel_structure(script.output(script.linear(script.mean(script.add(both, c)), "head", 2)))
    assert [(g.mids, g.size) for g in graph.groups] == [((0, 1, 2), 4)]
    for axis in graph.axes:
        assert staying(axis.units, np.zeros(graph.units, dtype=bool)).any() or len(axis.units) == 6
    reason = "is the last channel of a layer, or of a part that the code takes, that has only a part of the group"
    assert graph.layers[0].protected == ((reason, 1),)


def test_unknown_operators_protect(script):
    x = script.conv(script.input(1, 3, 4, 4), "a", 8)
    y = script.op(Opaque(reason="nobody knows it"), "fft", [x], (1, 8, 4, 4))
    graph = channel_structure(script.output(script.linear(script.mean(y), "head", 2)))
    assert graph.groups == ()
    assert graph.layers[0].protected == (("fft in a: nobody knows it", 8),)


def test_staying():
    assert staying(np.array([0, -1, 1, 1]), np.array([False, True])).tolist() == [False, True, True, True]
    assert staying(np.array([-1, -1]), np.zeros(0, dtype=bool)).tolist() == [True, True]
