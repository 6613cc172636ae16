"""Seeds everything that a network draws during training."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from mindspore import nn, ops

from prunekit.plugins.backends.mindspore.seeding import seeded


@contextmanager
def drawing(network: nn.Cell, seed: int) -> Iterator[None]:
    """Inside the block every draw follows from the seed; afterwards cells and generators are as they were.

    ``nn.Dropout`` took its seed when it was made, and its operator goes on from there: it gets another operator.
    """
    cells = [cell for _, cell in network.cells_and_names() if isinstance(cell, nn.Dropout)]
    before = [cell.dropout for cell in cells]
    try:
        with seeded(seed):
            for number, cell in enumerate(cells, 1):
                cell.dropout = ops.Dropout(cell.dropout.keep_prob, seed % 2**31, number)
            yield
    finally:
        for cell, dropout in zip(cells, before, strict=True):
            cell.dropout = dropout
