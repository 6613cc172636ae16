"""Recurrent cells step by step: a fused kernel takes all weights of such a cell as one vector."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from mindspore.nn.layer import rnns

_FUSED = {
    "_DynamicLSTMCPUGPU": "LSTM", "_DynamicLSTMAscend": "LSTM", "_DynamicGRUCPUGPU": "GRU", "_DynamicGRUAscend": "GRU",
}  # fmt: skip
"""Cells of MindSpore that run one layer of ``nn.LSTM`` or ``nn.GRU``, and what it is."""


@contextmanager
def unfused() -> Iterator[None]:
    """Inside the block no recurrent cell runs as one fused operator."""
    plain = {kind: kind.construct for name in _FUSED if (kind := getattr(rnns, name, None)) is not None}
    try:
        for kind in plain:
            kind.construct = _in_steps(_FUSED[kind.__name__])
        yield
    finally:
        for kind, construct in plain.items():
            kind.construct = construct


def _in_steps(mode: str) -> Callable[..., Any]:
    """A forward in MindSpore's own operators, which it has for cells without a kernel."""

    def construct(cell: Any, *inputs: Any) -> Any:
        return rnns._DynamicRNNBase(mode)(*inputs)

    return construct
