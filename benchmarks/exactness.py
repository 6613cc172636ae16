"""The exact oracle as a table: pruned network against the original with the removed slices at zero, in float64.

The networks are those of the tests, and whole ones at their full size:

    python benchmarks/exactness.py
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from prunekit import prune, trace
from prunekit.core.api import backend_for
from prunekit.core.backend import outputs_as_arrays
from prunekit.core.cost import price
from prunekit.core.data.difference import relative_difference
from prunekit.core.parsing.verify import random_part
from prunekit.core.text_table import columns
from prunekit.model_zoo.cifar_resnet.pytorch import ResNet20
from prunekit.model_zoo.mobilenet_v2.pytorch import MobileNetV2
from prunekit.model_zoo.resnet.pytorch import ResNet50

TESTS = Path(__file__).parents[1] / "tests"
sys.path[:0] = [str(TESTS / "plugins" / "backends" / "pytorch"), str(TESTS / "shared")]


def largest_error(network: torch.nn.Module, inputs: object) -> tuple[int, float, float]:
    """Groups, share of the MACs kept, and the largest error relative to the largest output, over two plans."""
    graph, backend = trace(network, inputs), backend_for(network)
    worst, kept = 0.0, 1.0
    for plan in (random_part(graph, graph.groups, seed) for seed in (0, 1)):
        (pruned, _), *_ = backend.run(prune(network, graph, plan), [(inputs, 0)])
        masked = backend.run_masked(network, graph, plan, inputs)
        for got, wanted in zip(outputs_as_arrays(pruned), outputs_as_arrays(masked), strict=True):
            worst = max(worst, relative_difference(got, wanted))
        kept = min(kept, price(graph, plan).macs / max(price(graph).macs, 1))
    return len(graph.groups), kept, worst


def main() -> None:
    """Print the table."""
    from net_cases import Case
    from small_nets import CASES

    cases = dict(CASES)
    cases |= {"ResNet20": Case((3, 32, 32), [], network=ResNet20)}
    cases |= {network.__name__: Case((3, 224, 224), [], network=network) for network in (ResNet50, MobileNetV2)}
    rows = []
    for name, case in cases.items():
        groups, kept, worst = largest_error(case.build(), case.inputs())
        rows.append((name, str(groups), f"{kept:.2f}", f"{worst:.1e}"))
    print("\n".join(columns(("network", "groups", "MACs kept", "largest error"), rows, right=("groups", "MACs kept"))))
    print(f"largest of all: {max(float(row[3]) for row in rows):.1e}")


if __name__ == "__main__":
    main()
