"""Who can be named in a yml, and where to find them. Imports nothing else of prunekit and no framework."""

from prunekit.registry.discovery import FRAMEWORKS, HOOKS, PackRecord, Plugin, blocked_nothing, not_searched
from prunekit.registry.entry import Entry, RegisterType, normalized
from prunekit.registry.errors import (
    AmbiguousNameError,
    BrokenEntryError,
    DuplicateNameError,
    ManifestError,
    PrunekitError,
    RegistryError,
    UnknownNameError,
)
from prunekit.registry.folders import importable
from prunekit.registry.handover import Handover, handover
from prunekit.registry.lookup import named, nearest, qualified
from prunekit.registry.register import Register

__all__ = [
    "FRAMEWORKS",
    "HOOKS",
    "AmbiguousNameError",
    "BrokenEntryError",
    "DuplicateNameError",
    "Entry",
    "Handover",
    "ManifestError",
    "PackRecord",
    "Plugin",
    "PrunekitError",
    "Register",
    "RegisterType",
    "RegistryError",
    "UnknownNameError",
    "blocked_nothing",
    "handover",
    "importable",
    "named",
    "nearest",
    "normalized",
    "not_searched",
    "qualified",
]
