"""``prunekit export``: writes a network of a run as a file for another program."""

from __future__ import annotations

import argparse
from pathlib import Path

from prunekit.core.pipeline.exporting import export_described
from prunekit.registry import PrunekitError


def export(options: argparse.Namespace) -> int:
    """Write the file, or one for each part, check it, and say where it is and how well it agrees."""
    if options.batch is not None and options.batch < 1:
        raise PrunekitError(f"--batch {options.batch}: the number of samples is at least 1")
    out = Path(options.out) if options.out else None
    for found in export_described(Path(options.file), options.format, options.device, options.batch, out):
        samples = " and ".join(map(str, found.batch_sizes))
        taken = "any number of samples" if len(found.batch_sizes) > 1 else f"batches of {options.batch}"
        opset = f", opset {found.opset}" if found.opset is not None else ""
        print(f"{found.path}: {found.format}{opset}, {found.path.stat().st_size / 2**20:.2f} MiB, takes {taken}")
        print(f"outputs as the network's to {found.parity_error:.1e} of the largest (batches of {samples})")
    return 0
