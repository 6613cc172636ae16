"""The training stage: trains the networks of an earlier step, or a network of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from prunekit.core.backend import Network
from prunekit.core.config import StepConfig
from prunekit.core.cost import price
from prunekit.core.graph import channel_structure
from prunekit.core.pipeline.context import RunContext
from prunekit.core.pipeline.description import Description, example
from prunekit.core.pipeline.errors import RunError
from prunekit.core.pipeline.example_inputs import check_given
from prunekit.core.pipeline.load import described_network
from prunekit.core.pipeline.reports import record, write_step
from prunekit.core.pipeline.subject import original, save_network
from prunekit.registry import Register, RegisterType


@Register.register(RegisterType.PIPE_STEP)
class TrainPipeStep:
    """Trains every network that the step is given, on one device."""

    needs: ClassVar[frozenset[str]] = frozenset({"dataset", "trainer"})
    allows: ClassVar[frozenset[str]] = frozenset({"model"})

    def run(self, context: RunContext, step: StepConfig) -> list[dict[str, Any]]:
        """Train; one record for each network."""
        folder = context.folder.step(step.name)
        rows = []
        for number, network, description in _networks(context, step):
            performance = _train(context, step, number, network, description)
            files = save_network(context, folder, number, network, description)
            rows.append(record(step.name, number, files, performance))
        write_step(folder, rows)
        return rows


def _networks(context: RunContext, step: StepConfig) -> Iterator[tuple[str, Network, Description]]:
    """The networks to train, each built when its turn comes."""
    if step.models_from is None and step.models_folder is None:
        network, description = original(context, step)
        yield "0", network, description
        return
    folder = step.models_folder or context.folder.output / str(step.models_from)
    paths = [path for path in sorted(folder.glob("desc_*.json"), key=_number) if path.stem != "desc_original"]
    if not paths:
        raise RunError(f"{step.where}: no desc_*.json of a network in {folder}")
    for path in paths:
        network, description = described_network(context.backend, path)
        check_given(context, step, network)
        yield path.stem.removeprefix("desc_"), network, description


def _train(
    context: RunContext, step: StepConfig, number: str, network: Network, description: Description
) -> dict[str, Any]:
    assert step.dataset is not None and step.trainer is not None
    trainer = context.make(step.trainer, device=context.backend.device)
    data = context.train_batches(step.dataset.train, seed=step.trainer.params.get("seed", 0))
    held_out = list(context.plain_batches(context.dataset(step.dataset.val, "val"), step.dataset.val))
    name = f"{step.name} {number}"
    with context.reporter.bar(name, trainer.epochs) as bar:

        def seen(report: Any) -> None:
            found = context.measure(network, held_out)
            text = f"epoch {report.epoch + 1}: loss {report.loss:.4f}, held-out accuracy {found.accuracy:.2%}"
            bar.advance(text)
            context.reporter.note(f"{name} {text}")

        trainer.fit(network, data, seen, checkpoint=context.folder.worker(step.name, number) / "checkpoint")
    split = step.dataset.test
    tested = context.measure(network, context.plain_batches(context.dataset(split, "test"), split))
    operators = context.backend.record(network, example(description.inputs), description.leaf_modules)
    cost = price(channel_structure(operators))
    return {
        "accuracy": tested.accuracy, "test_correct": tested.correct, "test_total": tested.total,
        "macs": int(cost.macs), "params": int(cost.params),
    }  # fmt: skip


def _number(path: Path) -> tuple[int, str]:
    text = path.stem.removeprefix("desc_")
    return (int(text) if text.isdigit() else -1, text)
