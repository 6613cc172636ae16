"""``prunekit schema``: prints a JSON Schema of the yml, for editors."""

from __future__ import annotations

import json
import sys

from prunekit.registry.errors import escaped


def print_schema() -> int:
    """Print the schema; what cannot be imported is left out of it, and said on stderr."""
    from prunekit.core.config.schema import yml_schema  # here: it imports every component

    schema, skipped = yml_schema()
    for line in skipped:
        print(f"warning: left out: {escaped(line)}", file=sys.stderr)
    print(json.dumps(schema, indent=2, ensure_ascii=False))
    return 0
