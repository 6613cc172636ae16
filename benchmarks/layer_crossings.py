"""Which modules a command walks through: how many it enters, how often, and how often a lower layer calls a higher one.

    python benchmarks/layer_crossings.py inspect my.yml

Counts calls of functions in ``prunekit.core`` from one module into another, while the command runs.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

import tomllib

from prunekit.core.cli.main import main

PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))
CONTRACTS = PROJECT["tool"]["importlinter"]["contracts"]
ORDER = next(contract["layers"] for contract in CONTRACTS if contract["name"] == "the layers of core")
RANK = {name: len(ORDER) - row for row, names in enumerate(ORDER) for name in names.split(" | ")}
ROOT = "prunekit.core."


class Walk:
    """Follows the calls of one thread."""

    def __init__(self) -> None:
        self.visits, self.climbs = Counter[str](), Counter[tuple[str, str]]()

    def __call__(self, frame: FrameType, event: str, arg: Any) -> None:
        """What ``sys.setprofile`` calls."""
        if event != "call" or frame.f_code.co_name in ("<module>", "<lambda>") or frame.f_back is None:
            return
        module, caller = _module(frame), _caller(frame)
        if module is None or caller is None or module == caller:
            return
        self.visits[module] += 1
        if RANK.get(module.partition(".")[0], 0) > RANK.get(caller.partition(".")[0], 0):
            self.climbs[caller, module] += 1


def _module(frame: FrameType) -> str | None:
    name = str(frame.f_globals.get("__name__", ""))
    return name.removeprefix(ROOT) if name.startswith(ROOT) else None


def _caller(frame: FrameType) -> str | None:
    """The nearest module of core that the call comes from, whatever library lies between."""
    before = frame.f_back
    while before is not None and _module(before) is None:
        before = before.f_back
    return None if before is None else _module(before)


if __name__ == "__main__":
    walk = Walk()
    sys.setprofile(walk)
    try:
        main(sys.argv[1:])
    finally:
        sys.setprofile(None)
    print(f"\n{len(walk.visits)} modules of core; {len(walk.climbs)} climbs from a lower layer to a higher one:")
    for (low, high), count in sorted(walk.climbs.items()):
        print(f"  {low} -> {high}  x{count}")
    outer = {module: count for module, count in walk.visits.items() if module.startswith(("cli", "pipeline"))}
    print("visits: " + ", ".join(f"{module} {count}" for module, count in sorted(outer.items())))
