"""Names in published checkpoints of ResNets for small images."""

from __future__ import annotations

from prunekit.core.weights import Naming

NAMINGS = (Naming("PyTorch's layers", rules=()), Naming("MindSpore's layers"))
