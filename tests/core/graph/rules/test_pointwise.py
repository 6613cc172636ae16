"""What can leave out channels that are gone, and what keeps them, if it is used."""

from __future__ import annotations

import pytest

from prunekit.core.graph import channel_structure
from prunekit.core.graph.attributes import Elementwise, Pool, Reduce


def between(script, attributes, shape, used=True):
    x = script.conv(script.input(1, 3, 4, 4), "a", 8)
    y = script.op(attributes, "op", [x], shape)
    out = script.op(Elementwise(does="product"), "mul", [x, y], (1, 8, 4, 4)) if used else x
    return channel_structure(script.output(script.linear(script.mean(out), "head", 2)))


@pytest.mark.parametrize("over", ["sum", "mean", "product", "extreme", "logsumexp"])
def test_over_what_stays(script, over):
    graph = between(script, Reduce(axes=(1,), keepdim=True, over=over), (1, 1, 4, 4))
    assert [group.size for group in graph.groups] == [8]
    assert any(graph.operators.operators[mask.operator].name == "op" for mask in graph.masks)


@pytest.mark.parametrize(("over", "told"), [("rank", "compares all places of it"), ("values", "is taken over it")])
def test_over_all(script, over, told):
    attributes = Reduce(axes=(1,), keepdim=True, over=over)
    assert between(script, attributes, (1, 1, 4, 4)).layers[0].protected == ((f"op in a {told}", 8),)
    assert [group.size for group in between(type(script)(), attributes, (1, 1, 4, 4), used=False).groups] == [8]


def test_what_the_code_has_read_counts_as_used(script):
    x = script.conv(script.input(1, 3, 4, 4), "a", 8)
    y = script.op(Reduce(axes=(1,), keepdim=True, over="rank"), "op", [x], (1, 1, 4, 4))
    script.graph.read.add(y)
    graph = channel_structure(script.output(script.linear(script.mean(x), "head", 2)))
    assert graph.layers[0].protected == (("op in a compares all places of it", 8),)


@pytest.mark.parametrize("how", ["softmax", "running"])
def test_mixed_with_what_stays(script, how):
    graph = between(script, Pool(axes=(1,), **{how: True}), (1, 8, 4, 4))
    assert [group.size for group in graph.groups] == [8]


def test_put_in_order(script):
    graph = between(script, Pool(axes=(1,), ranked=True), (1, 8, 4, 4))
    assert graph.layers[0].protected == (("op in a puts its places in order", 8),)


def test_an_axis_that_changes_its_size_is_mixed(script):
    x = script.conv(script.input(1, 3, 4, 4), "a", 8)
    y = script.op(Pool(axes=(2,)), "op", [x], (1, 4, 4, 4))
    graph = channel_structure(script.output(script.linear(script.mean(y), "head", 2)))
    assert graph.layers[0].protected == (("op in a mixes positions along it", 8),)
