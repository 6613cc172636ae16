"""The training stage: trains the networks of an earlier step, or a network of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from prunekit.core.config import StepConfig
from prunekit.core.data.batch_cache import CachedBatches
from prunekit.core.metric import shown_value
from prunekit.core.pipeline.context import RunContext
from prunekit.core.pipeline.description import save_network
from prunekit.core.pipeline.errors import RunError
from prunekit.core.pipeline.reports import record, tested_figures, write_step
from prunekit.core.pipeline.subject import Subject
from prunekit.core.training import EpochReport
from prunekit.registry import Register, RegisterType


@Register.register(RegisterType.PIPE_STEP)
class TrainPipeStep:
    """Trains every network that the step is given, on one device."""

    needs: ClassVar[frozenset[str]] = frozenset({"dataset", "trainer"})
    allows: ClassVar[frozenset[str]] = frozenset({"model"})
    no_result: ClassVar[frozenset[str]] = frozenset({"dataset.val"})  # only told, epoch by epoch
    late: ClassVar[frozenset[str]] = frozenset({"dataset.test"})

    def run(self, context: RunContext, step: StepConfig) -> list[dict[str, Any]]:
        """Train; one record for each network."""
        folder, held_out = context.folder.step(step.name), context.held_out(step)
        rows = []
        for number, subject in _subjects(context, step):
            performance = _train(context, step, number, subject, held_out)
            files = save_network(context.backend, folder, number, subject.network, subject.description)
            rows.append(record(step.name, number, files, performance, step.metric))
        write_step(folder, rows)
        return rows


def _subjects(context: RunContext, step: StepConfig) -> Iterator[tuple[str, Subject]]:
    """The networks to train, each built when its turn comes."""
    if step.models_from is None and step.models_folder is None:
        yield "0", context.subjects.of_step(step)
        return
    folder = step.models_folder or context.folder.output / str(step.models_from)
    paths = [path for path in sorted(folder.glob("desc_*.json"), key=_number) if path.stem != "desc_original"]
    if not paths:
        raise RunError(f"{step.where}: no desc_*.json of a network in {folder}")
    for path in paths:
        yield path.stem.removeprefix("desc_"), context.subjects.of_file(path, step)


def _train(
    context: RunContext, step: StepConfig, number: str, subject: Subject, held_out: CachedBatches
) -> dict[str, Any]:
    """Train one network in place; its figures on the test split, and its cost."""
    assert step.dataset is not None and step.trainer is not None
    network, dataset = subject.network, step.dataset
    trainer = context.make(step.trainer, device=context.backend.device)
    data = context.data.train_batches(dataset.train, seed=step.trainer.params.get("seed", 0))
    held_out.make_once()
    context.data.read_once(dataset.test, "test")
    name, metric = f"{step.name} {number}", step.metric
    with context.reporter.bar(name, trainer.epochs) as bar:

        def seen(report: EpochReport) -> None:
            found = context.measure(network, held_out, metric, error=False)
            text = f"epoch {report.epoch + 1}: loss {report.loss:.4f}, held-out {metric} {shown_value(found.value)}"
            if report.skipped:
                text += f", {report.skipped} batches without any label left out"
            bar.advance(text)
            context.reporter.note(f"{name} {text}")

        trainer.fit(network, data, seen, checkpoint=context.folder.worker(step.name, number) / "checkpoint")
    tested, cost = context.measure(network, context.data.batches(dataset.test, "test"), metric), subject.cost()
    return {
        **tested_figures(metric, tested),
        "macs": int(cost.macs), "params": int(cost.params), "activations": int(cost.activations),
    }  # fmt: skip


def _number(path: Path) -> tuple[int, str]:
    text = path.stem.removeprefix("desc_")
    return (int(text) if text.isdecimal() and len(text) < 20 else -1, text)
