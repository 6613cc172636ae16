"""torchvision's compiled operators, where they fit the build of torch."""

from __future__ import annotations

from functools import cache
from types import ModuleType

import torch


def own() -> ModuleType | None:
    """``torchvision.ops``, if it has operators of its own here; None where they are missing or replaced by slower ones.

    None also while a graph is exported: other runtimes do not know these operators.
    """
    return None if torch.compiler.is_compiling() or torch.onnx.is_in_onnx_export() else _found()


@cache
def _found() -> ModuleType | None:
    try:
        from torchvision import ops
    except (ImportError, RuntimeError, OSError):  # not installed, or compiled for another build of torch
        return None
    compiled = torch._C._dispatch_has_kernel_for_dispatch_key("torchvision::nms", "CPU")
    found: ModuleType | None = ops if compiled else None
    return found
