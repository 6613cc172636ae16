"""Shapes that stand for ``torch.Size``."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch

from prunekit.core.graph.symbolic_integers import SymInt, origin_of
from prunekit.core.graph.tracked_sizes import Combined, Extent, Uses
from prunekit.plugins.backends.pytorch.traced_shapes import TracedShape

ROWS, COLUMNS = Extent(2, 0, 0), Extent(3, 0, 1)


@pytest.fixture
def shape():
    uses = Uses()
    return TracedShape([SymInt(2, ROWS, uses), SymInt(3, COLUMNS, uses)])


def test_it_counts_as_a_size(shape):
    assert isinstance(shape, torch.Size) and isinstance(shape, tuple) and shape == torch.Size([2, 3])
    assert torch.Size([2, 3]) == shape and hash(shape) == hash((2, 3)) and repr(shape) == "torch.Size([2, 3])"


def test_torch_takes_it(shape):
    x = torch.zeros(6)
    for made in (
        torch.zeros(shape),
        x.view(shape),
        x.reshape(*shape),
        torch.ones(1, 3).expand(shape),
        x.new_empty(shape),
    ):
        assert made.shape == (2, 3)
    assert torch.nn.functional.layer_norm(torch.zeros(2, 3), shape[1:]).shape == (2, 3)
    assert torch.broadcast_shapes(shape, (3,)) == (2, 3)


def test_what_is_made_of_it_knows_its_sizes(shape):
    assert origin_of(shape.numel()) == Combined(6, "*", ROWS, COLUMNS)
    assert origin_of(shape[1:].numel()) == COLUMNS and TracedShape([]).numel() == 1
    four = (4,)
    assert origin_of((shape[:1] + four + shape[1:])[2]) == COLUMNS and origin_of((four + shape)[1]) == ROWS
    assert origin_of((shape * 2)[2]) == ROWS and origin_of((2 * shape)[3]) == COLUMNS


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda shape: pickle.loads(pickle.dumps(shape))])
def test_copies_are_torch_s_own(shape, copied):
    other = copied(shape)
    assert type(other) is torch.Size and [type(size) for size in other] == [int, int] and other == shape
