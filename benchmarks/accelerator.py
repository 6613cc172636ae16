"""A detector and a segmenter on an accelerator: pruned to half, trained for a few steps on noise, timed in turns.

    python benchmarks/accelerator.py --device GPU

Nothing is learnt here; it shows that every part works on the device, and what half of the MACs is worth there.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np

from prunekit.core.backend_factory import make_backend
from prunekit.core.cost import price
from prunekit.core.parsing.parse import parse
from prunekit.core.pruning.plan import PrunePlan
from prunekit.core.text_table import columns
from prunekit.plugins.backends.pytorch.device import torch_device
from prunekit.plugins.cost_estimators.latency_pytorch import compare_latency
from prunekit.plugins.trainers.pytorch.trainer import Trainer
from prunekit.registry import Register, RegisterType

NETWORKS: dict[str, tuple[str, dict[str, Any]]] = {
    "YOLOv5n": ("YoloV5", {"version": "yolov5n", "class_num": 3}),
    "DeepLabV3-MobileNetV2": ("DeepLabV3", {"backbone": "mobilenet_v2", "class_num": 5}),
}


def batches(name: str, size: int, batch: int, steps: int) -> list[Any]:
    """Noise, with boxes or masks of noise."""
    rng, found = np.random.default_rng(0), []
    for _ in range(steps):
        images = rng.random((batch, 3, size, size), np.float32)
        corners = np.sort(rng.uniform(0, size, (batch, 4, 2, 2)), axis=2).reshape(batch, 4, 4).astype(np.float32)
        masks = rng.integers(0, 5, (batch, size, size))
        boxes = [{"boxes": each, "labels": rng.integers(0, 3, 4)} for each in corners]
        found.append((images, boxes if name.startswith("YOLO") else masks))
    return found


def row(name: str, options: argparse.Namespace) -> tuple[str, ...]:
    """One network: what is left at half, seconds of ten steps before and after, latency of both and its ratio."""
    backend = make_backend("pytorch", options.device)
    registered, params = NETWORKS[name]
    network = backend.build(Register.get(RegisterType.NETWORK, registered, "pytorch"), params, 0)
    inputs = np.random.default_rng(1).random((2, 3, options.size, options.size), np.float32)
    graph = parse(backend, network, inputs, proof=options.proof)
    plan = PrunePlan.uniform(graph, 0.5)
    small, macs = backend.prune(network, graph, plan), [price(graph).macs, price(graph, plan).macs]
    seconds = []
    for each in (network, small):
        start = time.perf_counter()
        Trainer(options.device, epochs=1, grad_clip=10.0).fit(
            each, lambda epoch: batches(name, options.size, options.batch, options.steps)
        )
        seconds.append(time.perf_counter() - start)
    large = np.random.default_rng(2).random((options.batch, 3, options.size, options.size), np.float32)
    times = compare_latency(
        {"original": network, "pruned": small}, large, torch_device(options.device), repeats=options.repeats
    )
    before, after = (times[which].median for which in ("original", "pruned"))
    return (
        name, f"{macs[1] / macs[0]:.3f}", f"{seconds[0]:.1f} s", f"{seconds[1]:.1f} s", f"{before:.2f} ms",
        f"{after:.2f} ms", f"{before / after:.2f}",
    )  # fmt: skip


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="GPU")
    parser.add_argument("--size", type=int, default=640)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--no-proof", dest="proof", action="store_false", help="skip the proof by values")
    options = parser.parse_args()
    header = ("network", "MACs at half", "steps before", "after", "latency before", "after", "ratio")
    for line in columns(header, [row(name, options) for name in NETWORKS], right=header[1:]):
        print(line)


if __name__ == "__main__":
    main()
