"""Parsing beside Torch-Pruning: every torchvision model, and the smallest of each family of timm.

Each model is parsed, pruned to half of each of its groups and run, by prunekit and by Torch-Pruning 1.6.1 out of the
box, in a process of its own and at most 60 CPU seconds. Rows are kept as they come, so that the table can be made in
pieces, and those of the peer are kept from run to run:

    python benchmarks/parsing.py --json rows.jsonl --resume
    python benchmarks/parsing.py --json rows.jsonl --report
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from parsing_report import report
from parsing_zoo import Model, timm_models, torchvision_models

JOB = Path(__file__).with_name("parsing_job.py")
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "prunekit-benchmarks"
HANGS = 3600  # seconds after which a job that takes no CPU is ended


def rows_in(*files: Path) -> dict[tuple[str, str], dict[str, Any]]:
    """The rows of each tool and model; the last one counts."""
    lines = [line for file in files if file.exists() for line in file.read_text().splitlines()]
    return {(row["tool"], row["model"]): row for row in map(json.loads, lines)}


def job(task: tuple[str, Model], options: dict[str, Any]) -> dict[str, Any]:
    """One row, from a process of its own."""
    tool, model = task
    row = {"tool": tool, "model": model.key, "section": model.section, "status": "fails"}
    command = [sys.executable, str(JOB), tool, json.dumps(asdict(model)), json.dumps(options)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=HANGS)
    except subprocess.TimeoutExpired:
        return {**row, "reason": f"no end in {HANGS} s"}
    last = (done.stdout.strip().splitlines() or [""])[-1]
    if done.returncode == 0 and last.startswith("{"):
        return dict(json.loads(last))
    end = f"killed by signal {-done.returncode}" if done.returncode < 0 else f"exit {done.returncode}"
    return {**row, "reason": f"{end}: {(done.stderr.strip().splitlines() or [''])[-1][:200]}"}


def work(tasks: Iterable[tuple[str, Model]], files: dict[str, Path], chosen: argparse.Namespace) -> None:
    """Run the jobs and keep each row in its tool's file as soon as it is there."""
    options = {"limit": chosen.limit, "memory": chosen.memory, "proof": chosen.proof}
    with ThreadPoolExecutor(chosen.jobs) as pool:
        for row in pool.map(partial(job, options=options), tasks):
            files[row["tool"]].parent.mkdir(parents=True, exist_ok=True)
            with files[row["tool"]].open("a") as file:
                file.write(json.dumps(row) + "\n")
            spent = sum(row.get("seconds", {}).values())
            print(f"{row['tool']} {row['model']}: {row['status']} {row.get('reason', '')} ({spent:.1f} s)", flush=True)


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, default=Path("parsing.jsonl"), help="where our rows are kept")
    parser.add_argument("--peer-cache", type=Path, default=CACHE / "parsing_peer.jsonl", help="and the peer's")
    parser.add_argument("--zoo", choices=["torchvision", "timm"], help="one zoo only")
    parser.add_argument("--only", type=re.compile, default=re.compile(""), metavar="REGEX", help="of zoo:name")
    tools = parser.add_mutually_exclusive_group()
    tools.add_argument("--ours", action="store_const", dest="tools", const=["ours"], help="not the peer")
    tools.add_argument("--peer", action="store_const", dest="tools", const=["peer"], help="the peer only")
    parser.add_argument("--no-proof", action="store_false", dest="proof", help="ours without the proof")
    parser.add_argument("--resume", action="store_true", help="only models that have no row of ours yet")
    parser.add_argument("--report", action="store_true", help="print the tables and run nothing")
    parser.add_argument("--jobs", type=int, default=1, help="models at once")
    parser.add_argument("--limit", type=float, default=60, help="CPU seconds for each tool and model")
    parser.add_argument("--memory", type=float, default=14, help="GiB for each job")
    parser.set_defaults(tools=["ours", "peer"])
    return parser.parse_args()


def main() -> None:
    """Run what is missing and print the tables."""
    chosen = arguments()
    files = {"ours": chosen.json, "peer": chosen.peer_cache}
    if not chosen.report:
        models = [] if chosen.zoo == "timm" else torchvision_models()
        models += [] if chosen.zoo == "torchvision" else timm_models(CACHE)
        done = rows_in(*files.values())
        kept = {"peer"} | ({"ours"} if chosen.resume else set())  # tools whose rows are not made again
        wanted = sorted((m for m in models if chosen.only.search(m.key)), key=lambda m: m.params)
        tasks = [(tool, m) for m in wanted for tool in chosen.tools if tool not in kept or (tool, m.key) not in done]
        print(f"{len(wanted)} models, {len(tasks)} jobs", flush=True)
        work(tasks, files, chosen)
    rows = [row for row in rows_in(*files.values()).values() if chosen.only.search(row["model"])]
    print("\n".join(report([row for row in rows if row["model"].startswith(chosen.zoo or "")])))


if __name__ == "__main__":
    main()
