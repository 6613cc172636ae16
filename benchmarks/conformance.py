"""What every backend promises, as a table: each check of the conformance suite on each backend that is installed here.

    python benchmarks/conformance.py

A backend's networks are those of its tests. Ends with 1 where a promise is broken.
"""

from __future__ import annotations

import importlib
import sys
from importlib.util import find_spec
from pathlib import Path

from prunekit.core.testing.conformance import CHECKS, Check, NotSupported, Subject
from prunekit.core.testing.conformance.in_numpy import SUBJECT
from prunekit.core.text_table import columns
from prunekit.registry.errors import reason

TESTS = Path(__file__).parents[1] / "tests" / "plugins" / "backends"
FRAMEWORKS = {"pytorch": "torch", "mindspore": "mindspore"}


def subjects() -> dict[str, Subject]:
    """The NumPy backend, and those whose frameworks can be found, by name."""
    found = {SUBJECT.backend.name: SUBJECT}
    for backend, framework in FRAMEWORKS.items():
        if find_spec(framework) is not None:
            sys.path.insert(0, str(TESTS / backend))
            found[backend] = importlib.import_module(f"conformance_{backend}").SUBJECT
    return found


def result(check: Check, subject: Subject) -> tuple[str, str]:
    """A word for the table, and where it failed the reason."""
    try:
        check(subject)
    except NotSupported:
        return "not supported", ""
    except Exception as problem:  # a broken backend raises anything at all
        return "FAIL", reason(problem)
    return "pass", ""


def main() -> int:
    """Print the table, then the reasons."""
    backends, rows, reasons = subjects(), [], []
    for check in CHECKS:
        words = []
        for name, subject in backends.items():
            word, reason = result(check, subject)
            words.append(word)
            reasons += [f"{name}, {check.__name__}: {reason}"] if reason else []
        rows.append((check.__name__.replace("_", " "), *words))
    print("\n".join(columns(("promise", *backends), rows)))
    told = [f"{name} {subject.tolerance:g} ({subject.dtype.__name__})" for name, subject in backends.items()]
    print(f"\ntolerances, relative to the largest value: {', '.join(told)}")
    print("\n".join(reasons))
    return bool(reasons)


if __name__ == "__main__":
    sys.exit(main())
