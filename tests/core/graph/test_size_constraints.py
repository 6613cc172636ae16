"""Sizes that the code passes: what adapts, what is tied, what stays and why. All of it without a framework."""

from __future__ import annotations

import numpy as np
import pytest

from prunekit.core.graph import channel_structure
from prunekit.core.graph.attributes import Concat, Permute, Reduce, Reshape, Slice
from prunekit.core.graph.code_places import CodePlace
from prunekit.core.graph.tracked_sizes import Attribute, Combined, Compared, Extent, Literal, Unknown
from prunekit.core.pruning import PrunePlan, size_updates

LENGTH = 5
PLACE = CodePlace("net", "net.py", 1)


def attribute(value, name="n", module="m"):
    return Attribute(value, module, (name,))


def product(left, right):
    return Combined(left.value * right.value, "*", left, right)


def quotient(left, right):
    return Combined(left.value // right.value, "//", left, right)


@pytest.fixture
def cut(script):
    """The graph of twelve channels, of which those before a bound go another way."""

    def graph(bound, origin, from_end=False):
        x = script.conv(script.input(1, 3, 4, 4), "a", 12)
        ends = (from_end, from_end)
        first = Slice(axis=1, start=0, stop=bound, stop_origin=origin, from_end=ends)
        rest = Slice(axis=1, start=bound, stop=12, start_origin=origin, from_end=ends)
        one = script.op(first, "slice", [x], (1, bound, 4, 4))
        two = script.op(rest, "slice", [x], (1, 12 - bound, 4, 4))
        both = script.op(Concat(axis=1), "cat", [two, one], (1, 12, 4, 4))
        return channel_structure(script.output(script.linear(script.mean(both), "head", 2)))

    return graph


def test_a_bound_in_the_code_keeps_what_lies_before_it(cut):
    graph = cut(5, Literal(5))
    assert [(g.size, g.fixed) for g in graph.groups] == [(7, 5)]
    assert graph.layers[0].protected == (("slice in a has its size 5 in the network's code", 5),)


def test_a_bound_of_unknown_origin_is_not_said_to_stand_in_the_code(cut):
    graph = cut(5, Unknown(5))
    told = "slice in a is given the size 5, and where that number comes from is not known"
    assert graph.layers[0].protected == ((told, 5),)


def test_a_bound_from_the_end_keeps_what_lies_behind_it(cut):
    graph = cut(7, Literal(5), from_end=True)
    assert [(g.size, g.fixed) for g in graph.groups] == [(7, 5)]
    assert {a.parameter: a.units.tolist() for a in graph.axes if a.axis == 0}["a.weight"] == [*range(7), *[-1] * 5]


def test_a_bound_of_a_module_follows(cut):
    graph = cut(5, attribute(5))
    assert [(g.size, g.fixed) for g in graph.groups] == [(10, 2)]  # none of the parts is ever empty
    keep = np.ones(10, dtype=bool)
    assert size_updates.sizes(graph, keep) == {}
    keep[[0, 3, 9]] = False
    assert size_updates.sizes(graph, keep) == {("m", ("n",)): 3}
    assert size_updates.sizes(graph, np.zeros(10, dtype=bool)) == {("m", ("n",)): 1}


def test_half_of_its_own_size_ties_the_halves(cut):
    graph = cut(6, quotient(Extent(12, 2, 1), Literal(2)))  # tensor 2 is what is cut
    assert [(g.size, g.per_unit) for g in graph.groups] == [(6, 2)]


def test_another_way_to_compute_it_keeps_it(cut):
    graph = cut(5, Combined(5, "?", attribute(17), Literal(6)))
    assert [(g.size, g.fixed) for g in graph.groups] == [(7, 5)]
    assert graph.layers[0].protected == (("slice in a computes its size 5 in another way", 5),)


@pytest.fixture
def heads(script):
    """The graph of attention without its scores: twelve columns become heads and widths, and one again."""
    kind = type(script)

    def graph(origins, sizes=(3, 4), back=None, whole=()):
        script = kind()
        x = script.linear(script.input(1, LENGTH, 7), "a", 12)
        script.module = "attn"
        apart = script.op(Reshape(origins=(None, None, *origins)), "view", [x], (1, LENGTH, *sizes))
        turned = script.op(Permute(order=(0, 2, 1, 3)), "permute", [apart], (1, sizes[0], LENGTH, sizes[1]))
        again = script.op(Permute(order=(0, 2, 1, 3)), "permute", [turned], (1, LENGTH, *sizes))
        y = script.op(Reshape(origins=(None, None, back)), "reshape", [again], (1, LENGTH, 12))
        return channel_structure(script.output(script.linear(y, "head", 2)), whole_parts=whole)

    return graph


def shape_of(graph):
    return [(g.size, g.per_unit, g.fixed) for g in graph.groups]


HEADS, WIDTH, BOTH = attribute(3, "heads"), attribute(4, "width"), attribute(12, "dim")
WIDTHS, PARTS = [(4, 3, 0)], [(3, 4, 0)]


@pytest.mark.parametrize(
    ("origins", "back", "narrow", "whole"),
    [
        ((HEADS, WIDTH), BOTH, WIDTHS, PARTS),
        ((HEADS, None), None, WIDTHS, PARTS),
        ((None, WIDTH), product(HEADS, WIDTH), WIDTHS, PARTS),
        ((HEADS, Literal(4)), BOTH, PARTS, PARTS),
        ((Literal(3), WIDTH), None, WIDTHS, WIDTHS),
        ((Literal(3), Literal(4)), None, [], []),
        ((Unknown(3), Literal(4)), None, [], []),
        ((HEADS, WIDTH), Literal(12), [], []),
        ((HEADS, quotient(BOTH, HEADS)), BOTH, WIDTHS, PARTS),
        ((HEADS, quotient(Extent(12, 4, 2), HEADS)), None, WIDTHS, PARTS),
        ((HEADS, WIDTH), product(Literal(3), WIDTH), WIDTHS, []),
    ],
)
def test_heads_and_their_width(heads, origins, back, narrow, whole):
    graph = heads(origins, back=back)
    assert shape_of(graph) == narrow
    assert [choice.name for choice in graph.choices] == (["attn#0"] if Literal not in map(type, origins) else [])
    assert shape_of(heads(origins, back=back, whole=["attn#0"])) == whole


def test_heads_of_an_unknown_number(heads):
    graph = heads((Unknown(3), Literal(4)))
    assert graph.layers[0].protected == (
        ("view in attn is given the size 3, and where that number comes from is not known", 12),
    )


def test_all_positions_of_a_tensor_over_all_but_the_channels(script):
    """``view(n, x[0].numel() // 4, -1)`` of six channels of 4 x 4: where what stays lies does not matter."""
    x = script.conv(script.input(1, 3, 4, 4), "a", 6)
    inner = Extent(6, x, 1), Extent(4, x, 2), Extent(4, x, 3)
    count = quotient(product(product(inner[1], inner[0]), inner[2]), product(Literal(4), Literal(4)))
    y = script.op(Reshape(origins=(None, count, None)), "view", [x], (1, 6, 16))
    y = script.op(Reduce(axes=(2,), keepdim=False, over="sum"), "sum", [y], (1, 6))
    graph = channel_structure(script.output(script.linear(y, "head", 2)))
    assert shape_of(graph) == [(6, 1, 0)]


def test_a_flattened_size_with_the_channels_last(script):
    x = script.conv(script.input(1, 3, 4, 4), "a", 6)
    flat = product(product(Extent(4, x, 2), Extent(4, x, 3)), Extent(6, x, 1))
    y = script.op(Reshape(origins=(None, flat)), "view", [x], (1, 96))
    graph = channel_structure(script.output(script.linear(y, "head", 2)))
    assert shape_of(graph) == [(6, 1, 0)]


def test_attributes_follow_the_choice(heads):
    graph = heads((HEADS, WIDTH), back=BOTH)
    half = PrunePlan.uniform(graph, 0.5).flags(graph)
    assert size_updates.sizes(graph, half) == {("m", ("width",)): 2, ("m", ("dim",)): 6}
    graph = heads((HEADS, WIDTH), back=BOTH, whole=["attn#0"])
    two = PrunePlan.uniform(graph, 2 / 3).flags(graph)
    assert size_updates.sizes(graph, two) == {("m", ("heads",)): 2, ("m", ("dim",)): 8}


def test_an_attribute_that_also_sizes_what_cannot_shrink_stays(script):
    size = attribute(6)
    x = script.conv(script.input(1, 6, 4, 4), "a", 6)
    script.module = "m"
    x = script.op(Reshape(origins=(None, size, None)), "view", [x], (1, 6, 16))
    script.op(Reshape(origins=(None, size, None)), "view", [script.graph.inputs[0]], (1, 6, 16))
    x = script.op(Reduce(axes=(2,), keepdim=False, over="sum"), "sum", [x], (1, 6))
    graph = channel_structure(script.output(script.linear(x, "head", 2)))
    assert graph.groups == ()
    ((reason, count),) = graph.layers[0].protected
    assert (reason, count) == ("its size is m.n, by which view in m sizes what stays as it is", 6)


def test_an_attribute_that_is_compared_follows(script):
    script.conv(script.input(1, 3, 4, 4), "a", 6)
    x = script.graph.operators[-1].outputs[0]
    script.graph.compared.append(Compared(Extent(6, x, 1), "==", attribute(6, "dim"), True, PLACE, "m"))
    graph = channel_structure(script.output(script.linear(script.mean(x), "head", 2)))
    assert [(h.module, h.path, h.units.tolist()) for h in graph.held_sizes] == [("m", ("dim",), list(range(6)))]


def test_a_size_of_another_tensor_ties(script):
    x = script.conv(script.input(1, 3, 4, 4), "a", 6)
    y = script.conv(script.graph.inputs[0], "b", 6)
    script.module = ""
    flat = script.op(Reshape(origins=(None, Extent(6, x, 1), None)), "view", [y], (1, 6, 16))
    one, two = (
        script.linear(script.mean(x), "c", 2),
        script.op(Reduce(axes=(2,), keepdim=False, over="sum"), "sum", [flat], (1, 6)),
    )
    two = script.linear(two, "d", 2)
    graph = channel_structure(script.output(script.add(one, two)))
    assert [(g.mids, g.size) for g in graph.groups] == [((0, 1), 6)]


def test_a_size_that_does_not_shrink_keeps(script):
    image = script.input(1, 6, 4, 4)
    y = script.conv(image, "b", 6)
    script.module = ""
    flat = script.op(Reshape(origins=(None, Extent(6, image, 1), None)), "view", [y], (1, 6, 16))
    graph = channel_structure(script.output(script.linear(flat, "d", 2)))
    assert graph.groups == ()
    assert graph.layers[0].protected == (("view in the network gives it the size of what stays as it is", 6),)
