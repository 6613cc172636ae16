"""Errors of pruning."""

from __future__ import annotations

from prunekit.registry import PrunekitError


class PlanError(PrunekitError, ValueError):
    """A plan cannot be made, or does not fit the graph; the message names the first difference."""
