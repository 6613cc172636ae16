"""Recurrent modules step by step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from prunekit.plugins.backends.pytorch.module_tree import modules


@contextmanager
def unfused(network: torch.nn.Module) -> Iterator[None]:
    """No recurrent module runs as one fused operator inside the block; `forward.call` sees to transformer layers."""
    recurrent = any(isinstance(module, torch.nn.RNNBase) for module in modules(network))
    libraries = torch._C._get_mkldnn_enabled(), torch._C._get_cudnn_enabled()
    if recurrent:  # of others they change no operator, and are faster
        torch._C._set_mkldnn_enabled(False)
        torch._C._set_cudnn_enabled(False)
    try:
        yield
    finally:
        torch._C._set_mkldnn_enabled(libraries[0])
        torch._C._set_cudnn_enabled(libraries[1])
