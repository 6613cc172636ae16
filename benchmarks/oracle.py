"""The exact oracle as a table: pruned network against the original with the removed slices at zero, in float64.

The networks are those of the tests, and ResNet-20:

    python benchmarks/oracle.py
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch

from prunekit import prune, trace
from prunekit.core.api import backend_for
from prunekit.core.backend import outputs_as_arrays
from prunekit.core.cost import price
from prunekit.core.pruning.proof import complements, zeroed
from prunekit.core.tables import columns
from prunekit.model_zoo.resnet.pytorch import ResNet20

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "plugins" / "backends" / "pytorch"))


def largest_error(network: torch.nn.Module, inputs: object) -> tuple[int, float, float]:
    """Groups, share of the MACs kept, and the largest error relative to the largest output, over two plans."""
    graph, backend = trace(network, inputs), backend_for(network)
    worst, kept = 0.0, 1.0
    for plan in complements(graph, graph.groups, seed=0):
        masked = backend.with_state(network, zeroed(graph, plan, backend.state(network)))
        both = [
            outputs_as_arrays(next(iter(backend.run(n, [(inputs, 0)])))[0])
            for n in (prune(network, graph, plan), masked)
        ]
        for got, wanted in zip(*both, strict=True):
            worst = max(worst, float(np.abs(got - wanted).max() / max(np.abs(wanted).max(), 1e-300)))
        kept = min(kept, price(graph, plan).macs / max(price(graph).macs, 1))
    return len(graph.groups), kept, worst


def main() -> None:
    """Print the table."""
    from small_nets import CASES

    torch.manual_seed(0)
    networks = {name: (case.build(), case.inputs()) for name, case in CASES.items() if case.exact}
    networks["ResNet20"] = ResNet20().double().eval(), torch.randn(2, 3, 32, 32, dtype=torch.float64)
    rows = []
    for name, (network, inputs) in networks.items():
        groups, kept, worst = largest_error(network, inputs)
        rows.append((name, str(groups), f"{kept:.2f}", f"{worst:.1e}"))
    print("\n".join(columns(("network", "groups", "MACs kept", "largest error"), rows, right=("groups", "MACs kept"))))
    print(f"largest of all: {max(float(row[3]) for row in rows):.1e}")


if __name__ == "__main__":
    main()
