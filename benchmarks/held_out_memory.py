"""Memory of a search whose held-out images are many: what it holds itself, and what the system maps for it.

python benchmarks/held_out_memory.py [--images 20000] [--cache-gb 13] [--trials 3]

The images are noise of 224 pixels, the network is small, so that memory is that of the data. Anonymous memory is what
the process holds itself; RSS has the pages of mapped files too, which the system takes back when others need memory.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prunekit.core.text_table import columns

PACK = """
import numpy as np
from torch import nn
from prunekit.registry import Register, RegisterType

@Register.register(RegisterType.DATASET)
class Noise:
    def __init__(self, split, images: int) -> None:
        self.count, self.seed = images if split == "val" else 1024, len(split)

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        rng = np.random.default_rng([self.seed, index])
        return rng.random((3, 224, 224), dtype=np.float32) + np.float32(index % 4 / 8), np.int64(index % 4)

@Register.register(RegisterType.NETWORK)
class Small(nn.Sequential):
    def __init__(self) -> None:
        layers = [nn.AvgPool2d(16), nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
        layers += [nn.Conv2d(16, 32, 3, padding=1, bias=False), nn.BatchNorm2d(32), nn.ReLU()]
        super().__init__(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 4))
"""
YML = """
pipeline: [nas]
nas:
  pipe_step: {{type: SearchPipeStep}}
  model: {{model_desc: {{backbone: {{type: Small}}}}}}
  dataset: {{type: Noise, common: {{images: {images}, batch_size: 64{cache}}}}}
  search_algorithm: {{type: random, budget: flops <= 0.5, train_episode: {trials}}}
"""
FIELDS = ("Rss", "Pss", "Anonymous")


def memory() -> dict[str, float]:
    """Memory of this process in GB, as the system says it."""
    text = Path("/proc/self/smaps_rollup").read_text()
    return {name: int(re.findall(rf"^{name}: *(\d+) kB", text, re.M)[0]) * 1024 / 1e9 for name in FIELDS}


@contextmanager
def most() -> Iterator[dict[str, float]]:
    """The most of each that was seen inside the block, twice a second."""
    found, ended = memory(), threading.Event()

    def watch() -> None:
        while not ended.wait(0.5):
            for name, value in memory().items():
                found[name] = max(found[name], value)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    yield found
    ended.set()
    watcher.join()


def search(folder: Path, options: argparse.Namespace) -> None:
    """Run the search in this process, and print what it took."""
    os.chdir(folder)
    cache = "" if options.cache_gb is None else f", cache_gb: {options.cache_gb}"
    yml = YML.format(images=options.images, cache=cache, trials=options.trials)
    Path("noise.py").write_text(PACK)
    Path("x.yml").write_text(yml)
    import torch  # noqa: F401  counts as there before the search

    from prunekit.core.cli.main import main

    start, before = time.perf_counter(), memory()
    with most() as found:
        code = main(["x.yml", "--import", "noise", "-t", "t"])
    lines = [json.loads(line) for line in Path("tasks/t/output/nas/journal.jsonl").read_text().splitlines()]
    losses = [line["result"]["loss"] for line in lines if line["event"] == "tell"]
    told = {"before": before, "most": found, "seconds": time.perf_counter() - start, "losses": losses, "code": code}
    told["max_rss"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    Path("told.json").write_text(json.dumps(told))


def parse() -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--cache-gb", type=float)
    parser.add_argument("--trials", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="of a search; for the script itself")
    return parser.parse_args()


def main() -> None:
    """Print the table."""
    options = parse()
    if options.folder is not None:
        search(options.folder, options)
        return
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        words = [sys.executable, __file__, *sys.argv[1:], "--folder", folder]
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
        told = json.loads(Path(folder, "told.json").read_text())
    images = 3 * 224 * 224 * 4 * options.images / 1e9
    row = [f"{options.images:,}", f"{images:.1f}", "" if options.cache_gb is None else f"{options.cache_gb:g}"]
    row += [f"{told['before']['Anonymous']:.2f}", f"{told['most']['Anonymous']:.2f}"]
    row += [
        f"{told['most']['Pss']:.2f}",
        f"{told['max_rss']:.2f}",
        f"{told['seconds']:.0f}",
        f"{told['losses'][-1]:.9f}",
    ]
    names = ("images", "decoded GB", "cache_gb", "own before", "own", "PSS", "RSS", "s", "last loss")
    print("\n".join(columns(names, [row], right=names)))


if __name__ == "__main__":
    main()
