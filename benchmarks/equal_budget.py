"""Search algorithms at equal budget: what the benchmarks of several networks share."""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from prunekit.core.cost import CostModel, price
from prunekit.core.data import Batch
from prunekit.core.metric import measure
from prunekit.core.parsing.parse import parse
from prunekit.core.search import Journal, Objective, SearchSettings, SearchSpace, run_search
from prunekit.core.search.candidate_builder import CandidateBuilder
from prunekit.core.search.evaluator import Evaluator
from prunekit.core.text_table import columns
from prunekit.plugins.backends.pytorch.backend import PytorchBackend
from prunekit.plugins.cost_estimators.latency_pytorch import compare_latency
from prunekit.plugins.executors.inline import Inline
from prunekit.plugins.importance.compensation import Compensation
from prunekit.plugins.metrics.accuracy import Accuracy
from prunekit.plugins.rewards.acc_flops import AccFlops
from prunekit.plugins.search_algorithms.agent_params import AgentParams
from prunekit.plugins.search_algorithms.closed_form import ClosedForm
from prunekit.plugins.search_algorithms.prune_amc import PruneAMC
from prunekit.plugins.search_algorithms.random_search import RandomSearch
from prunekit.plugins.search_algorithms.uniform import Uniform

SINGLE = ("uniform", "closed_form")  # one evaluation, no seed


def rows(warmup: int) -> dict[str, Callable[[SearchSpace, SearchSettings], Any]]:
    """The algorithms, with so many warm-up trials for the agent."""
    return {
        "uniform": lambda space, settings: Uniform(space, settings),
        "closed_form": lambda space, settings: ClosedForm(space, settings),
        "random": lambda space, settings: RandomSearch(space, settings),
        "PruneAMC": lambda space, settings: PruneAMC(space, settings, agent=AgentParams(warmup=warmup)),
        "PruneAMC from closed_form": lambda space, settings: PruneAMC(
            space, settings, agent=AgentParams(warmup=warmup, warmup_start="closed_form")
        ),
    }


@dataclass(frozen=True)
class Data:
    """Batches, decoded once."""

    calibration: Sequence[Batch]
    held_out: Sequence[Batch]
    test: Sequence[Batch]


class Comparison:
    """A network and its data, prepared once; every algorithm sees the same.

    Args:
        network: With its weights.
        data: The best trial by its reward is judged once on ``data.test``.
        latency_batch: Images in a batch whose time is measured.
    """

    def __init__(self, network: torch.nn.Module, data: Data, latency_batch: int) -> None:
        self.backend, self.network, self.data = PytorchBackend(), network.eval(), data
        self.graph = parse(self.backend, self.network, data.calibration[0][0][:1])
        self.builder = CandidateBuilder.observing(self.backend, self.network, self.graph, data.calibration)
        self.rankings = Compensation().rank(self.builder.importance_inputs)
        self.evaluator = Evaluator(self.builder, data.held_out, Accuracy)
        original = measure(self.backend, self.network, data.held_out, Accuracy())
        self.objective = Objective("accuracy", AccFlops(), original, is_rate=True)
        self.timed = data.test[0][0][:latency_batch]

    def accuracy(self, network: torch.nn.Module) -> float:
        """Top-1 on the test images."""
        found = measure(self.backend, network, self.data.test, Accuracy())
        return float(found.value)

    def run(self, make: Callable[[SearchSpace, SearchSettings], Any], settings: SearchSettings) -> dict[str, Any]:
        """One search, and its best network on the test images."""
        space = SearchSpace(self.graph, self.rankings, settings, CostModel(self.graph))
        start = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder, Journal(Path(folder) / "journal.jsonl") as journal:
            executor = Inline(lambda: self.evaluator)
            records = run_search(make(space, settings), self.objective, executor, journal)
        seconds = time.perf_counter() - start
        (best,) = self.objective.best(records, 1)
        assert best.trial is not None
        small, _ = self.evaluator.network(best.trial)
        networks = {"original": self.network, "small": small}
        times = compare_latency(networks, self.timed, threads=1, warmup=2, repeats=15)
        parts: dict[str, float] = {}
        for record in records:
            for part, value in record.result.measured.items():
                parts[part] = parts.get(part, 0.0) + value
        return {
            "evaluations": len(records), "test": self.accuracy(small), "held_out": best.result.value,
            "episode": best.id, "macs": price(self.graph, best.trial.plan).macs / price(self.graph).macs,
            "latency_ratio": times["original"].median / times["small"].median,
            "seconds": seconds, "parts": parts,
        }  # fmt: skip


def table(results: list[dict[str, Any]], names: Sequence[str]) -> list[str]:
    """Mean and spread over the seeds, a line for each budget and algorithm."""
    lines = []
    keys = dict.fromkeys((r["budget"], r["row"]) for r in results)
    for budget, name in sorted(keys, key=lambda key: (-key[0], names.index(key[1]))):
        own = [r for r in results if (r["budget"], r["row"]) == (budget, name)]
        tests = [100 * r["test"] for r in own]
        ratio = statistics.median(r["latency_ratio"] for r in own)
        rest = [1 - r["parts"].get("run", 0) / r["seconds"] for r in own]
        spread = f"{min(tests):.2f} to {max(tests):.2f}" if len(tests) > 1 else "-"
        lines.append((
            f"{budget:.0%}", name, str(len(own)), str(own[0]["evaluations"]), f"{statistics.mean(tests):.2f}",
            spread, f"{ratio:.2f}", f"{statistics.median(rest):.0%}",
        ))  # fmt: skip
    header = ("MACs", "algorithm", "seeds", "evaluations", "top-1 mean", "range", "speed-up", "not evaluation")
    return columns(header, lines, right=header[2:])


def options(about: str | None, out: str, budgets: Sequence[float], episodes: int, warmup: int) -> Any:
    """The options that every comparison takes."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder that the dataset reads")
    parser.add_argument("--weights", type=Path, required=True, help="the network's weights")
    parser.add_argument("--out", type=Path, default=Path(out), help="where a line of JSON is kept for each run")
    parser.add_argument("--rows", nargs="*", default=list(rows(1)), choices=list(rows(1)))
    parser.add_argument("--budgets", nargs="*", type=float, default=list(budgets))
    parser.add_argument("--seeds", nargs="*", type=int, default=[0, 1, 2])
    parser.add_argument("--episodes", type=int, default=episodes)
    parser.add_argument("--warmup", type=int, default=warmup)
    parser.add_argument("--channel-round", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    found = parser.parse_args()
    torch.set_num_threads(found.threads)
    return found


def compare(chosen: Any, comparison: Callable[[], Comparison]) -> None:
    """Run what is not in the file of results yet, and print the table."""
    done = [json.loads(line) for line in chosen.out.read_text().splitlines()] if chosen.out.exists() else []
    wanted = [
        (budget, name, seed)
        for budget in chosen.budgets
        for name in chosen.rows
        for seed in (chosen.seeds[:1] if name in SINGLE else chosen.seeds)
    ]
    missing = [key for key in wanted if not any((r["budget"], r["row"], r["seed"]) == key for r in done)]
    bench = comparison() if missing else None
    if bench is not None:
        print(f"before pruning: top-1 {bench.accuracy(bench.network):.2%} on the test images", flush=True)
    for budget, name, seed in missing:
        settings = SearchSettings(
            train_episode=chosen.episodes, seed=seed, budget=f"flops <= {budget}",
            channel_round=chosen.channel_round, lbound=0.1,
        )  # fmt: skip
        assert bench is not None
        found = bench.run(rows(chosen.warmup)[name], settings)
        result = {"row": name, "budget": budget, "seed": seed, **found}
        done.append(result)
        with chosen.out.open("a") as file:
            file.write(json.dumps(result) + "\n")
        print(json.dumps(result), flush=True)
    print("\n".join(table(done, list(rows(1)))))
