"""Search algorithms at equal budget: ResNet-56 on CIFAR-10, no fine-tuning.

Every algorithm sees the same network, calibration images and held-out training images; the best trial by its reward
is judged once on the test images. One line of JSON is kept for each run, so that the table can be made in pieces:

    python benchmarks/resnet56_cifar10.py --data cifar10 --weights resnet56.safetensors --out results.jsonl
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

import torch

from prunekit.core.cost import CostModel, price
from prunekit.core.data import batches
from prunekit.core.pruning.proof import parse
from prunekit.core.pruning.treatment import Treatment
from prunekit.core.search import Journal, SearchSettings, SearchSpace, run_search, top_k
from prunekit.core.search.evaluator import Evaluator
from prunekit.core.tables import columns
from prunekit.model_zoo.resnet.pytorch import ResNet56
from prunekit.plugins.backends.pytorch.backend import PytorchBackend
from prunekit.plugins.cost_estimators.latency_pytorch import compare_latency
from prunekit.plugins.datasets.cifar10 import Cifar10
from prunekit.plugins.importance.compensation import Compensation
from prunekit.plugins.metrics.accuracy import Accuracy
from prunekit.plugins.search_algorithms.agent_params import AgentParams
from prunekit.plugins.search_algorithms.closed_form import ClosedForm
from prunekit.plugins.search_algorithms.prune_amc import PruneAMC
from prunekit.plugins.search_algorithms.random_search import RandomSearch
from prunekit.plugins.search_algorithms.uniform import Uniform

ROWS = {
    "uniform": lambda space, settings: Uniform(space, settings),
    "closed_form": lambda space, settings: ClosedForm(space, settings),
    "random": lambda space, settings: RandomSearch(space, settings),
    "PruneAMC": lambda space, settings: PruneAMC(space, settings, agent=AgentParams(warmup=20)),
    "PruneAMC from closed_form": lambda space, settings: PruneAMC(
        space, settings, agent=AgentParams(warmup=20, warmup_start="closed_form")
    ),
}
SINGLE = ("uniform", "closed_form")


class Bench:
    """The network and the data, prepared once."""

    def __init__(self, data: Path, weights: Path, held_out: int, calibration: int) -> None:
        self.backend = PytorchBackend()
        self.network = ResNet56()
        self.backend.load(self.network, weights)
        self.network.eval()
        train = Cifar10(data_path=data, split="train", train_portion=0.8)
        val = Cifar10(data_path=data, split="val", train_portion=0.8, samples=held_out)
        self.test = list(batches(Cifar10(data_path=data, split="test"), 250))
        calibrating = list(batches(train, 128, indices=range(calibration)))
        self.graph = parse(self.backend, self.network, calibrating[0][0][:1])
        self.treatment = Treatment(self.backend, self.network, self.graph, calibrating)
        self.rankings = Compensation().rank(self.treatment.evidence)
        self.evaluator = Evaluator(self.treatment, list(batches(val, 250)), Accuracy)

    def run(self, name: str, budget: float, seed: int, episodes: int) -> dict[str, object]:
        """One search and its best network on the test images."""
        settings = SearchSettings(
            train_episode=episodes, seed=seed, budget=f"flops <= {budget}", channel_round=1, lbound=0.1
        )
        space = SearchSpace(self.graph, self.rankings, settings, CostModel(self.graph))
        start = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder, Journal(Path(folder) / "journal.jsonl") as journal:
            records = run_search(ROWS[name](space, settings), self.evaluator, journal)
        seconds = time.perf_counter() - start
        (best,) = top_k(records, 1)
        assert best.trial is not None
        small, _ = self.evaluator.network(best.trial)
        found = Accuracy()
        for outputs, target in self.backend.run(small, self.test):
            found.update(outputs, target)
        networks = {"original": self.network, "small": small}
        times = compare_latency(networks, self.test[0][0][:100], threads=1, warmup=2, repeats=15)
        full = price(self.graph)
        parts: dict[str, float] = {}
        for record in records:
            for part, value in record.result.measured.items():
                parts[part] = parts.get(part, 0.0) + value
        return {
            "row": name, "budget": budget, "seed": seed, "evaluations": len(records),
            "test": found.result().accuracy, "held_out": best.result.accuracy, "episode": best.id,
            "macs": price(self.graph, best.trial.plan).macs / full.macs,
            "latency_ratio": times["original"].median_ms / times["small"].median_ms,
            "seconds": seconds, "parts": parts,
        }  # fmt: skip


def table(results: list[dict[str, object]]) -> list[str]:
    """Mean and spread over the seeds."""
    rows = []
    keys = dict.fromkeys((r["budget"], r["row"]) for r in results)
    for budget, name in sorted(keys, key=lambda key: (-float(str(key[0])), list(ROWS).index(str(key[1])))):
        own = [r for r in results if (r["budget"], r["row"]) == (budget, name)]
        tests = [100 * float(str(r["test"])) for r in own]
        ratio = statistics.median(float(str(r["latency_ratio"])) for r in own)
        rest = [1 - r["parts"].get("run", 0) / r["seconds"] for r in own]  # type: ignore[attr-defined,operator]
        spread = f"{min(tests):.2f} to {max(tests):.2f}" if len(tests) > 1 else "-"
        rows.append((
            f"{budget:.0%}", str(name), str(len(own)), str(own[0]["evaluations"]), f"{statistics.mean(tests):.2f}",
            spread, f"{ratio:.2f}", f"{statistics.median(rest):.0%}",
        ))  # fmt: skip
    header = ("MACs", "algorithm", "seeds", "evaluations", "top-1 mean", "range", "speed-up", "not evaluation")
    return columns(header, rows, right=header[2:])


def main() -> None:
    """Run what is not in the file of results yet, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder that the dataset Cifar10 reads")
    parser.add_argument("--weights", type=Path, required=True, help="ResNet-56's weights")
    parser.add_argument("--out", type=Path, default=Path("resnet56_cifar10.jsonl"))
    parser.add_argument("--rows", nargs="*", default=list(ROWS), choices=list(ROWS))
    parser.add_argument("--budgets", nargs="*", type=float, default=[0.5, 0.35])
    parser.add_argument("--seeds", nargs="*", type=int, default=[0, 1, 2])
    parser.add_argument("--episodes", type=int, default=100)
    parser.add_argument("--held-out", type=int, default=1000)
    parser.add_argument("--calibration", type=int, default=1024)
    options = parser.parse_args()
    torch.set_num_threads(1)
    bench = Bench(options.data, options.weights, options.held_out, options.calibration)
    done = [json.loads(line) for line in options.out.read_text().splitlines()] if options.out.exists() else []
    for budget in options.budgets:
        for name in options.rows:
            for seed in options.seeds[:1] if name in SINGLE else options.seeds:
                if any((r["row"], r["budget"], r["seed"]) == (name, budget, seed) for r in done):
                    continue
                result = bench.run(name, budget, seed, options.episodes)
                done.append(result)
                with options.out.open("a") as file:
                    file.write(json.dumps(result) + "\n")
                print(json.dumps(result), flush=True)
    print("\n".join(table(done)))


if __name__ == "__main__":
    main()
