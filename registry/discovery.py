"""Finds installed packs and hooks by entry points; each is loaded by itself, so a broken one stops nobody.

An entry point means that an installed package runs code here. Who wants less of that blocks some by name in the
environment variable ``PRUNEKIT_BLOCK``, or all by ``--no-plugins``: what is blocked is never imported.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from prunekit.registry.entry import normalized
from prunekit.registry.errors import described, one_line
from prunekit.registry.foreign_code import foreign_code
from prunekit.registry.installed import Plugin, installed

PACKS, HOOKS = "prunekit.packs.v1", "prunekit.hooks.v1"
BLOCK = "PRUNEKIT_BLOCK"
OURS = "prunekit"
FRAMEWORKS = ("torch", "mindspore")  # seconds to import, each

Status = Literal["loaded", "blocked", "incompatible", "failed"]


@dataclass(frozen=True)
class PackRecord:
    """What became of one entry point, of a pack or of hooks.

    Attributes:
        name: The entry point's name.
        distribution: The distribution that brings it.
        version: That distribution's version.
        error: Why it is not used although nobody blocked it, or None.
        status: What became of it.
        group: The entry-point group.
        count: How many components or hooks it brings.
        warning: What its author should mend although it is used, or None.
        blocked_by: What blocked it, or None.
    """

    name: str
    distribution: str
    version: str
    error: str | None = None
    status: Status = "loaded"
    group: str = PACKS
    count: int = 0
    warning: str | None = None
    blocked_by: str | None = None

    @property
    def origin(self) -> str:
        """Distribution and version, as messages say them."""
        return one_line(f"{self.distribution} {self.version}")


def discover(group: str, use: Callable[[Plugin], int], own_only: bool = False) -> list[PackRecord]:
    """Load every entry point of a group that may be loaded.

    Args:
        group: ``prunekit.packs.v1`` or ``prunekit.hooks.v1``. One of a newer version is recorded, not loaded.
        use: Loads one and says how much it brings; whatever it raises is recorded.
        own_only: Load only what prunekit's own distribution brings.
    """
    plugins = installed(group)
    known = {(normalized(each.distribution), each.point.name) for each in plugins if each.point.group == group}
    records = []
    for each in plugins:
        if each.point.group == group:
            records.append(_record(each, use, own_only))
        elif (normalized(each.distribution), each.point.name) not in known:
            why = f"needs a newer prunekit, one that knows {each.point.group}"
            records.append(_refused(each, "incompatible", why))
    return records


def unknown_block_entries() -> list[str]:
    """The names in ``PRUNEKIT_BLOCK`` that no installed pack or hook has: misspelt, most likely."""
    names = _block_list()
    plugins = [each for group in (PACKS, HOOKS) for each in installed(group)] if names else []
    known = {each.point.name for each in plugins} | {normalized(each.distribution) for each in plugins}
    return [name for name in names if name not in known and normalized(name) not in known]


def not_searched(records: Sequence[PackRecord]) -> str:
    """What to add where a name is not found that one of these might have brought; nothing if all were loaded."""
    missing = [f"{record.origin} ({record.status})" for record in records if record.status != "loaded"]
    return f" (Not searched: {', '.join(missing)}.)" if missing else ""


def _record(plugin: Plugin, use: Callable[[Plugin], int], own_only: bool) -> PackRecord:
    blocked = _blocked_by(plugin, own_only)
    if blocked is not None:
        return PackRecord(
            plugin.point.name, plugin.distribution, plugin.version, None, "blocked", plugin.point.group,
            blocked_by=blocked,
        )  # fmt: skip
    if plugin.broken is not None:
        return _refused(plugin, "failed", plugin.broken)
    before = set(sys.modules)
    try:
        if (why := _excludes_us(plugin)) is not None:
            return _refused(plugin, "incompatible", why)
        with foreign_code():
            count = use(plugin)
    except KeyboardInterrupt:
        raise
    except BaseException as problem:  # another's code: whatever it raises stays its own
        return _refused(plugin, "failed", described(problem))
    heavy = [name for name in FRAMEWORKS if name in sys.modules and name not in before]
    slow = f"{plugin.point.module} imports {' and '.join(heavy)}, which costs seconds at every start" if heavy else None
    return PackRecord(
        plugin.point.name, plugin.distribution, plugin.version, None, "loaded", plugin.point.group, count,
        slow or plugin.warning,
    )  # fmt: skip


def _refused(plugin: Plugin, status: Status, why: str) -> PackRecord:
    return PackRecord(plugin.point.name, plugin.distribution, plugin.version, why, status, plugin.point.group)


def _blocked_by(plugin: Plugin, own_only: bool) -> str | None:
    if own_only and normalized(plugin.distribution) != OURS:
        return "--no-plugins"
    names = _block_list()
    blocked = plugin.point.name in names or normalized(plugin.distribution) in map(normalized, names)
    return f"the environment variable {BLOCK}" if blocked else None


def _block_list() -> list[str]:
    return [name.strip() for name in os.environ.get(BLOCK, "").split(",") if name.strip()]


def _excludes_us(plugin: Plugin) -> str | None:
    """The requirement on prunekit that this prunekit does not meet, in words."""
    if normalized(plugin.distribution) == OURS:  # the extras name each other; to look at them takes 30 ms
        return None
    ours = [text for text in plugin.requires if re.match(rf"\s*{OURS}(?![\w.-])", text, re.IGNORECASE)]
    if not ours:
        return None
    from importlib_metadata import version
    from packaging.requirements import Requirement

    for requirement in map(Requirement, ours):
        applies = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if applies and not requirement.specifier.contains(version(OURS), prereleases=True):
            return f"needs prunekit{requirement.specifier}, this is {version(OURS)}"
    return None
