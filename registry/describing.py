"""What a component says of itself, which is its author's code as much as what it does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from prunekit.registry.entry import Entry
from prunekit.registry.errors import BrokenEntryError, PrunekitError, described
from prunekit.registry.local_import import declared_by


@contextmanager
def describing(entry: Entry) -> Iterator[None]:
    """Inside the block, a component's signature, docstring and defaults are looked at.

    Raises:
        BrokenEntryError: They raise, or are not what they ought to be.
    """
    try:
        yield
    except (PrunekitError, KeyboardInterrupt):
        raise
    except BaseException as problem:
        told = f"but what it says of itself cannot be read: {described(problem)}"
        raise BrokenEntryError(f"{declared_by(entry)}, {told}") from problem
