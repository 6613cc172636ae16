"""Installed packs, found by entry points, each loaded by itself so that a broken one stops nobody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

from prunekit.registry.entry import Entry
from prunekit.registry.manifest import read_manifest

PACKS = "prunekit.packs.v1"


@dataclass(frozen=True)
class PackRecord:
    """What became of one installed pack.

    Attributes:
        name: The entry point's name.
        distribution: The distribution that brings it.
        version: That distribution's version.
        error: Why it could not be loaded, or None.
    """

    name: str
    distribution: str
    version: str
    error: str | None = None


def discover(declare: Callable[[Entry], None]) -> list[PackRecord]:
    """Read the manifest of every installed pack and declare its entries."""
    found = sorted(entry_points(group=PACKS), key=lambda point: (_distribution(point), point.name))
    return [_load(point, declare) for point in found]


def _load(point: EntryPoint, declare: Callable[[Entry], None]) -> PackRecord:
    distribution = _distribution(point)
    version = point.dist.version if point.dist else "?"
    try:
        for entry in read_manifest(point.load(), f"{distribution} {version}"):
            declare(entry)
    except (Exception, SystemExit) as problem:  # another's code: whatever it raises stays its own
        return PackRecord(point.name, distribution, version, f"{type(problem).__name__}: {problem}")
    return PackRecord(point.name, distribution, version)


def _distribution(point: EntryPoint) -> str:
    return point.dist.name if point.dist else "?"
