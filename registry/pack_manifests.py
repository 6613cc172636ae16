"""Reads the manifests of all installed packs."""

from __future__ import annotations

import sys
from pathlib import Path

from prunekit.registry.discovery import PACKS, PackRecord, discover
from prunekit.registry.entry import Entry
from prunekit.registry.installed import Plugin
from prunekit.registry.manifest import Source, read_manifest


def read_packs(own_only: bool) -> tuple[list[Entry], list[PackRecord]]:
    """Read the manifest of every pack that may be loaded.

    Args:
        own_only: Read only those of prunekit's own distribution.

    Returns:
        What they declare, and what became of each pack.
    """
    declared: list[Entry] = []

    def read(plugin: Plugin) -> int:
        manifest = plugin.point.load()
        file = getattr(sys.modules[plugin.point.module], "__file__", None)
        source = Source(plugin.origin, plugin.distribution, plugin.version, Path(file).parent if file else None)
        entries = read_manifest(manifest, source)
        declared.extend(entries)
        return len(entries)

    records = discover(PACKS, read, own_only)
    return declared, records
