"""What pruning costs: the pruned network and the original, each trained further as long, by the same seeds.

Of a finished task that searches and then trains, such as `yolov5_amc_bccd.yml`:

    python benchmarks/paired_training.py yolov5_amc_bccd.yml tasks/yolo --seeds 3

Both start from what they were before the last step, and are trained by its trainer as often as there are seeds. Figures
are of the test split, which no search has seen. Differences are paired: by seed, and in the interval by image, as both
are judged on the same resampled sets of images.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from prunekit.core.backend_factory import make_backend
from prunekit.core.config import StepConfig, load_config
from prunekit.core.metric import metric_class
from prunekit.core.pipeline.components import make_component
from prunekit.core.pipeline.datasets import Datasets
from prunekit.core.pipeline.subject import Subject, described_subject
from prunekit.core.text_table import columns


class Comparison:
    """One task's networks, trained and judged alike.

    Args:
        step: The step that trains the pruned network.
        backend: The framework.
    """

    def __init__(self, step: StepConfig, backend: Any) -> None:
        self._step, self._backend, self._data = step, backend, Datasets(backend.name)

    def judged(self, subject: Subject) -> Any:
        """The metric after it has seen the test split."""
        metric = metric_class(self._step.metric, self._backend.name)()
        batches = self._data.batches(self._step.dataset.test, "test")
        for outputs, target in self._backend.run(subject.network, batches, decoded=True):
            metric.update(outputs, target)
        return metric

    def trained(self, subject: Subject, seed: int) -> Subject:
        """The network after the step's training, with data and dropout of a seed."""
        spec = self._step.trainer
        trainer = make_component(
            replace(spec, params={**spec.params, "seed": seed}), self._backend.name, device=self._backend.device
        )
        network = self._backend.with_state(subject.network, {})
        trainer.fit(network, self._data.train_batches(self._step.dataset.train, seed))
        return replace(subject, network=network)


def main() -> None:
    """Train, judge and print the table anew after each seed; its figures are written into the task's folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="the yml of the task")
    parser.add_argument("task", type=Path, help="the folder of the task")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("-d", "--device", default="CPU")
    options = parser.parse_args()
    config = load_config(options.file, {"task.local_base_path": str(options.task.parent), "task_id": options.task.name})
    name = config.pipeline[-1]
    step, backend = config.steps[name], make_backend(config.general.backend, options.device)
    folder = options.task / "output" / str(step.models_from)
    pruned = min(path for path in folder.glob("desc_*.json") if path.stem != "desc_original")
    before = {"original": folder / "desc_original.json", "pruned": pruned}
    subjects = {which: described_subject(backend, path) for which, path in before.items()}
    made, console = Comparison(step, backend), Console()
    plain = {which: made.judged(subject) for which, subject in subjects.items()}
    judged: dict[str, list[Any]] = {which: [] for which in subjects}
    for seed in range(options.seeds):
        for which, subject in subjects.items():
            start = time.perf_counter()
            judged[which].append(made.judged(made.trained(subject, seed)))
            value = judged[which][-1].result(error=False).value
            console.print(f"seed {seed}: {which} {value:.4f} ({time.perf_counter() - start:.0f} s)")
        report(step.metric, subjects, plain, judged, options.task / "paired_training.json", console)


def report(
    metric: str, subjects: dict[str, Subject], plain: dict[str, Any], judged: dict[str, list[Any]], path: Path,
    console: Console,
) -> None:  # fmt: skip
    """Print what came out, with the paired difference and its errors."""
    values = {which: np.array([each.result(error=False).value for each in found]) for which, found in judged.items()}
    costs = {which: subject.cost() for which, subject in subjects.items()}
    rows = [
        (which, f"{costs[which].macs / 1e6:,.1f} M", f"{costs[which].params / 1e3:,.1f} K",
         f"{plain[which].result(error=False).value:.4f}", f"{each.mean():.4f}", " ".join(f"{one:.4f}" for one in each))
        for which, each in values.items()
    ]  # fmt: skip
    header = ("network", "MACs", "parameters", f"{metric} before", "trained as long", "of each seed")
    for line in columns(header, rows, right=header[1:5]):
        console.print(line, highlight=False)
    differences = values["pruned"] - values["original"]
    by_seed = differences.std(ddof=1) / len(differences) ** 0.5 if len(differences) > 1 else float("nan")
    draws = {which: np.mean([each.resampled() for each in found], axis=0) for which, found in judged.items()}
    low, high = np.percentile(draws["pruned"] - draws["original"], [2.5, 97.5])
    console.print(
        f"pruned - original: {differences.mean():+.4f} +- {by_seed:.4f} over {len(differences)} seeds;"
        f" 95 % interval over images {low:+.4f} to {high:+.4f}",
        highlight=False,
    )
    found = {which: each.tolist() for which, each in values.items()}
    path.write_text(json.dumps({"metric": metric, **found, "interval": [float(low), float(high)]}, indent=1))


if __name__ == "__main__":
    main()
