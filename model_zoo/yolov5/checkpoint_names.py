"""Names in published checkpoints of YOLOv5."""

from __future__ import annotations

from prunekit.core.weights import LEAVES, Naming

_DERIVED = (r"\.24\.(anchor_grid|stride)$",)
_CELLS = (*LEAVES, (r"^model\.model\.", "model."), (r"\bconv([123])\.(conv|bn)\.", r"cv\1.\2."))

NAMINGS = (
    Naming("ultralytics", rules=(), derived=_DERIVED),
    Naming("mindyolo", rules=_CELLS, derived=_DERIVED),
)
