"""Time of ``prunekit list`` and ``--help``, with no other packs installed and with ten.

python benchmarks/start_up.py
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from prunekit.core.text_table import columns

COMMAND = [sys.executable, "-c", "import sys; from prunekit.core.cli.main import main; sys.exit(main())"]
PACKS, RUNS = 10, 7


def leave_pack(folder: Path, number: int) -> None:
    """What pip leaves of a pack with twenty networks."""
    name, entries = f"pack_{number}", ",\n".join(
        f"{{'type': 'network', 'name': 'Net{number}x{k}', 'target': 'pack_{number}_nets:Net{k}'}}" for k in range(20)
    )  # fmt: skip
    (folder / f"{name}.py").write_text(f"MODULE_REGISTER = [\n{entries}\n]\n")
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\nRequires-Dist: prunekit\n")
    (info / "entry_points.txt").write_text(f"[prunekit.packs.v1]\nmain = {name}:MODULE_REGISTER\n")


def seconds(words: list[str], path: str) -> float:
    """One run in a process of its own."""
    start = time.perf_counter()
    subprocess.run([*COMMAND, *words], env={**os.environ, "PYTHONPATH": path}, check=True, capture_output=True)
    return time.perf_counter() - start


def main() -> None:
    """Print the table."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(PACKS):
            leave_pack(Path(folder), number)
        own = os.environ.get("PYTHONPATH", "")
        for packs, path in ((0, own), (PACKS, os.pathsep.join(filter(None, (folder, own))))):
            for words in (["list"], ["--help"]):
                times = [seconds(words, path) for _ in range(RUNS)]
                rows.append((" ".join(["prunekit", *words]), str(packs), f"{statistics.median(times):.3f}",
                             f"{min(times):.3f}"))  # fmt: skip
    print(
        "\n".join(
            columns(("command", "packs", "median s", "fastest s"), rows, right=("packs", "median s", "fastest s"))
        )
    )


if __name__ == "__main__":
    main()
