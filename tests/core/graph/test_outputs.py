"""Users say which outputs matter."""

from __future__ import annotations

import pytest

from prunekit.core.graph.operators import OperatorGraph
from prunekit.core.graph.outputs import OutputError, with_outputs


def graph() -> OperatorGraph:
    """Evaluation returns four outputs, training another one as well."""
    names = ["logits", "aux.0", "aux.1", "auxiliary", "logits", "aux.0", "loss"]
    return OperatorGraph(outputs=list(range(7)), output_names=names, returned=4)


@pytest.mark.parametrize(
    ("names", "left"),
    [
        (["logits"], [0, 4, 6]),
        (["aux"], [1, 2, 5, 6]),
        (["aux.1", "logits"], [0, 2, 4, 6]),
        ("auxiliary", [3, 6]),
        (["logits", "aux", "auxiliary"], list(range(7))),
    ],
)
def test_those_that_are_named_are_left(names, left):
    found = with_outputs(graph(), names)
    assert found.outputs == left and found.output_names == [graph().output_names[k] for k in left]
    assert found.returned == sum(k < 4 for k in left)
    assert found.asked == ((names,) if isinstance(names, str) else tuple(names))


def test_positions_are_numbers():
    found = with_outputs(OperatorGraph(outputs=[8, 9], output_names=["0", "1"], returned=2), [1])
    assert found.outputs == [9] and found.asked == ("1",)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (
            ["logit"],
            "the network returns no 'logit', but logits, aux.0, aux.1, auxiliary. Did you mean 'logits'",
        ),
        (["loss"], "returns no 'loss', but logits"),
        (["au"], "returns no 'au', but"),
        ([7], "returns no '7', but"),
        ([], "outputs: name at least one; the network returns logits, aux.0, aux.1, auxiliary"),
    ],
)
def test_others_are_an_error_that_says_what_there_is(names, message):
    with pytest.raises(OutputError, match=message):
        with_outputs(graph(), names)
