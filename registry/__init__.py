"""The registry: which components a yml can name, and where each is found. Imports nothing else of prunekit."""

from prunekit.registry.describing import describing
from prunekit.registry.discovery import FRAMEWORKS, HOOKS, PackRecord, not_searched, unknown_block_entries
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
from prunekit.registry.installed import Plugin
from prunekit.registry.lookup import named, qualified
from prunekit.registry.module_paths import importable
from prunekit.registry.register import Register
from prunekit.registry.suggestions import did_you_mean, nearest, nearest_or_all
from prunekit.registry.worker_imports import WorkerImports, worker_imports

__all__ = [
    "FRAMEWORKS",
    "HOOKS",
    "AmbiguousNameError",
    "BrokenEntryError",
    "DuplicateNameError",
    "Entry",
    "ManifestError",
    "PackRecord",
    "Plugin",
    "PrunekitError",
    "Register",
    "RegisterType",
    "RegistryError",
    "UnknownNameError",
    "WorkerImports",
    "describing",
    "did_you_mean",
    "importable",
    "named",
    "nearest",
    "nearest_or_all",
    "normalized",
    "not_searched",
    "qualified",
    "unknown_block_entries",
    "worker_imports",
]
