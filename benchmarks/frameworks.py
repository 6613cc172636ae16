"""PyTorch and MindSpore side by side: ResNet-56 on CIFAR-10, pruned to half of its MACs.

Needs an environment with both. Each framework has a process of its own and one thread; they are asked in turns:

    python benchmarks/frameworks.py --data cifar10 --weights resnet56.safetensors
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import statistics
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from frameworks_side import ask, begin
from numpy.typing import NDArray

from prunekit.core.text_table import columns

FRAMEWORKS = ("pytorch", "mindspore")
STEPS = ("prune", "compensate", "recalibrate", "run")
EPOCHS, FIRST, MORE = 3, 10, 100
ALONE = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "passive"}


@dataclass(frozen=True)
class Row:
    """A figure on both frameworks, and how the two compare; what there is not is empty."""

    figure: str
    pytorch: str = ""
    mindspore: str = ""
    between: str = ""


class Both:
    """A process for each framework.

    Args:
        chosen: The command line.
    """

    def __init__(self, chosen: argparse.Namespace) -> None:
        os.environ.update(ALONE)
        own, processes = (chosen.data, chosen.weights, chosen.images), multiprocessing.get_context("spawn")
        self._pools = [ProcessPoolExecutor(1, processes, begin, (name, *own)) for name in FRAMEWORKS]

    def each(self, verb: str, *args: Any) -> tuple[Any, Any]:
        """What the two answer, PyTorch first; one works at a time."""
        one, other = (pool.submit(ask, verb, *args).result() for pool in self._pools)
        return one, other

    def of(self, framework: str, verb: str, *args: Any) -> Any:
        """What one of them answers."""
        return self._pools[FRAMEWORKS.index(framework)].submit(ask, verb, *args).result()

    def close(self) -> None:
        """End both processes."""
        for pool in self._pools:
            pool.shutdown()


def apart(one: NDArray[Any], other: NDArray[Any]) -> float:
    """The largest difference, relative to the largest value."""
    return float(np.abs(one.astype(np.float64) - other).max() / np.abs(other).max())


def weights(both: Both, chosen: argparse.Namespace) -> Iterator[Row]:
    """The whole network: the same weights on both."""
    labels = both.of("pytorch", "labels")
    yield _judged(f"top-1, {len(labels)} images", *both.each("logits"), labels)


def plans(both: Both, chosen: argparse.Namespace) -> Iterator[Row]:
    """Each framework's plan on both."""
    found, labels = both.each("plan"), both.of("pytorch", "labels")
    pairs = [(set(a["keep"]), set(b["keep"])) for a, b in zip(found[0]["groups"], found[1]["groups"], strict=True)]
    one, other = (str(sum(len(pair[k]) for pair in pairs)) for k in range(2))
    yield Row("units kept", one, other, f"{sum(len(a ^ b) for a, b in pairs)} units of {len(pairs)} groups differ")
    for name, plan in zip(FRAMEWORKS, found, strict=True):
        yield from _pruned(f"{name}'s plan", *both.each("pruned", plan), labels)


def _pruned(whose: str, one: Mapping[str, Any], other: Mapping[str, Any], labels: NDArray[Any]) -> Iterator[Row]:
    for figure in ("macs", "params"):
        between = f"{abs(one[figure] - other[figure]):,} apart"
        yield Row(f"{whose}: {figure}", f"{one[figure]:,}", f"{other[figure]:,}", between)
    yield _judged(f"{whose}: top-1 as pruned", one["bare"], other["bare"], labels)
    yield _judged(f"{whose}: compensated, recalibrated", one["treated"], other["treated"], labels)
    largest = max(apart(one["weights"][name], other["weights"][name]) for name in one["weights"])
    yield Row(f"{whose}: compensated weights", between=f"{largest:.1e} in the worst of {len(one['weights'])} layers")


def _judged(figure: str, one: NDArray[Any], other: NDArray[Any], labels: NDArray[Any]) -> Row:
    """Top-1 of two networks by their logits, on how many images they disagree, and how far the logits are apart."""
    a, b = (f"{np.mean(logits.argmax(1) == labels):.2%}" for logits in (one, other))
    disagreed = int((one.argmax(1) != other.argmax(1)).sum())
    return Row(figure, a, b, f"{disagreed} images differ, logits by {apart(one, other):.1e}")


def episode(both: Both, chosen: argparse.Namespace) -> Iterator[Row]:
    """Time of an episode, and of its steps."""
    both.each("episode")  # the first of a process is slower
    found: list[list[dict[str, float]]] = [[], []]
    for _ in range(chosen.episodes):
        (one, seconds), (other, more) = both.each("episode")
        if one != other:
            raise SystemExit(f"the two were given different candidates: {one} and {other}")
        for times, measured in zip(found, (seconds, more), strict=True):
            times.append({**measured, "all": sum(measured.values())})
    for step in (*STEPS, "all"):
        yield _times(f"{step}, ms", *([each[step] for each in times] for times in found))


def training(both: Both, chosen: argparse.Namespace) -> Iterator[Row]:
    """Time of an epoch of the whole network."""
    first, *rest = (both.each("epoch") for _ in range(1 + EPOCHS))
    yield _times("first epoch, ms", *([seconds] for seconds in first))
    yield _times("further epochs, ms", *map(list, zip(*rest, strict=True)))


def _times(figure: str, one: list[float], other: list[float]) -> Row:
    """Medians of seconds, in ms, and the median of the ratios of those that are next to each other in time."""
    a, b = (f"{1000 * statistics.median(seconds):.0f}" for seconds in (one, other))
    ratio = statistics.median(y / x for x, y in zip(one, other, strict=True))
    return Row(figure, a, b, f"{ratio:.2f} x")


def memory(both: Both, chosen: argparse.Namespace) -> Iterator[Row]:
    """Memory of the two processes, every candidate of another shape."""
    for candidates in (FIRST, MORE):
        one, other = both.each("resident", candidates)
        yield Row(f"MiB after {candidates}{' more' * (candidates == MORE)} candidates", f"{one:.0f}", f"{other:.0f}")


def exports(both: Both, chosen: argparse.Namespace) -> Iterator[Row]:
    """Parity errors of files of the treated network."""
    plan = both.of("pytorch", "plan")
    for kind, frameworks in {"mindir": ("mindspore",), "onnx": FRAMEWORKS}.items():
        errors = {name: f"{both.of(name, 'exported', kind, plan):.1e}" for name in frameworks}
        yield Row(f"{kind}, parity error", **errors)


PARTS: dict[str, Callable[[Both, argparse.Namespace], Iterator[Row]]] = {
    "weights": weights, "plans": plans, "episode": episode, "training": training, "memory": memory, "exports": exports
}  # fmt: skip


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder that the dataset reads")
    parser.add_argument("--weights", type=Path, required=True, help="the network's weights")
    parser.add_argument("--images", type=int, default=2000, help="test images that are looked at")
    parser.add_argument("--episodes", type=int, default=20, help="episodes that are timed on each framework")
    parser.add_argument("--parts", nargs="*", default=list(PARTS), choices=list(PARTS))
    parser.add_argument("--json", action="store_true", help="the figures as JSON")
    chosen = parser.parse_args()
    for path in (chosen.data, chosen.weights):
        if not path.exists():
            parser.error(f"{path} does not exist")
    found: dict[str, list[Row]] = {}
    for name in chosen.parts:
        both = Both(chosen)  # new processes, so that no part sees what another left
        try:
            found[name] = list(PARTS[name](both, chosen))
        finally:
            both.close()
        if not chosen.json:
            print(
                "\n".join(columns((name, *FRAMEWORKS, "between"), [*map(astuple, found[name])])), end="\n\n", flush=True
            )
    if chosen.json:
        print(json.dumps({name: list(map(asdict, rows)) for name, rows in found.items()}, indent=2))


if __name__ == "__main__":
    main()
