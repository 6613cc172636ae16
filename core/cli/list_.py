"""``prunekit list``: lists everything that a yml can name, without importing any of it."""

from __future__ import annotations

from prunekit.core.cli.data_output import json_text, print_data
from prunekit.core.text_table import columns
from prunekit.registry import Register, RegisterType
from prunekit.registry.errors import MESSAGE, one_line


def list_entries(kind: str | None, as_json: bool) -> int:
    """Print the registry's entries, of one type or of all."""
    entries = Register.entries(RegisterType(kind) if kind else None)
    if as_json:
        described = [
            {
                "type": e.type.value, "backend": e.backend, "name": e.name, "aliases": list(e.aliases),
                "target": e.target, "distribution": e.distribution, "version": e.version,
            }
            for e in entries
        ]  # fmt: skip
        print_data(json_text(described, indent=2))
        return 0
    rows = [
        (e.type.value, _shown(e.name), e.backend or "any", ", ".join(map(_shown, e.aliases)), e.origin) for e in entries
    ]
    print("\n".join(columns(("type", "name", "backend", "also", "from"), rows)))
    return 0


def _shown(name: str) -> str:
    return one_line(f"{name}NAME" if name.endswith(":") else name, MESSAGE)  # a zoo's, with any of its models
