"""Who can be named in a yml, and where to find them. Imports nothing else of prunekit and no framework."""

from prunekit.registry.discovery import PackRecord
from prunekit.registry.entry import Entry, RegisterType
from prunekit.registry.errors import (
    AmbiguousNameError,
    BrokenEntryError,
    DuplicateNameError,
    ManifestError,
    PrunekitError,
    RegistryError,
    UnknownNameError,
)
from prunekit.registry.register import Register

__all__ = [
    "AmbiguousNameError",
    "BrokenEntryError",
    "DuplicateNameError",
    "Entry",
    "ManifestError",
    "PackRecord",
    "PrunekitError",
    "Register",
    "RegisterType",
    "RegistryError",
    "UnknownNameError",
]
