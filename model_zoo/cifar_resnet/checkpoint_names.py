"""Under which names weights of the ResNets for small images are published."""

from __future__ import annotations

from prunekit.core.weights import Naming

NAMINGS = (Naming("PyTorch's layers", rules=()), Naming("MindSpore's layers"))
