"""``prunekit schema``: prints a JSON Schema of the yml, for editors."""

from __future__ import annotations

import sys

from prunekit.core.cli.data_output import json_text, print_data
from prunekit.registry.errors import escaped


def print_schema() -> int:
    """Print the schema; what cannot be imported is left out of it, and said on stderr."""
    from prunekit.core.config.schema import yml_schema  # here: it imports every component

    schema, skipped = yml_schema()
    for line in skipped:
        print(f"warning: left out: {escaped(line)}", file=sys.stderr)
    print_data(json_text(schema, indent=2, ensure_ascii=False))
    return 0
