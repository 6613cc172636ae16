"""What can go wrong with weights."""

from __future__ import annotations

from prunekit.registry import PrunekitError


class WeightsError(PrunekitError, ValueError):
    """A weights file cannot be read, is refused, or does not fit the network."""
