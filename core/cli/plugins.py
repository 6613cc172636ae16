"""``prunekit plugins``: lists the installed packs and hooks with their status."""

from __future__ import annotations

from prunekit.core.cli.data_output import json_text, print_data
from prunekit.core.hooks import Hooks
from prunekit.core.text_table import columns
from prunekit.registry import PackRecord, Register
from prunekit.registry.errors import one_line


def list_plugins(as_json: bool) -> int:
    """Print every pack and every package with hooks, those too that are not used, with the reason."""
    found = [(kind, record) for kind, records in _records() for record in records]
    if as_json:
        described = [
            {
                "kind": kind, "name": r.name, "distribution": r.distribution, "version": r.version, "group": r.group,
                "status": r.status, "count": r.count, "reason": reason(r) or None,
            }
            for kind, r in found
        ]  # fmt: skip
        print_data(json_text(described, indent=2))
        return 0
    rows = [
        (kind, *map(one_line, (r.name, r.distribution, r.version)), r.status, _count(kind, r.count), reason(r))
        for kind, r in found
    ]
    print("\n".join(columns(("kind", "name", "distribution", "version", "status", "brings", "reason"), rows)))
    return 0


def reason(record: PackRecord) -> str:
    """Why an entry point is not used, or what is to be said of it all the same."""
    if record.blocked_by:
        return f"blocked by {record.blocked_by}"
    return record.error or (f"warning: {record.warning}" if record.warning else "")


def _records() -> list[tuple[str, list[PackRecord]]]:
    return [("pack", Register.packs()), ("hooks", Hooks.installed(lambda _: None).records)]


def _count(kind: str, count: int) -> str:
    noun = "hook" if kind == "hooks" else "component"
    return f"{count} {noun}{'' if count == 1 else 's'}"
