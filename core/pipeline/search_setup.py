"""What evaluates the trials of a search, in names, files and arrays: another process builds its evaluator from it."""

from __future__ import annotations

import dataclasses
import pickle
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prunekit.core.array_file import read_arrays, write_arrays
from prunekit.core.backend import Backend, Network
from prunekit.core.backend_factory import make_backend
from prunekit.core.config import ComponentSpec, SplitConfig
from prunekit.core.cost.measuring import CostMeter, Reference, measuring
from prunekit.core.data import Batch
from prunekit.core.data.batch_cache import CachedBatches
from prunekit.core.graph.graph_file import read_graph, write_graph
from prunekit.core.metric import metric_class
from prunekit.core.pipeline.components import make_component
from prunekit.core.pipeline.datasets import CALIBRATION, HELD_OUT, Datasets
from prunekit.core.pipeline.description import Description, save_network
from prunekit.core.pipeline.input_spec import arrays_of
from prunekit.core.pipeline.measured_costs import Measuring
from prunekit.core.pruning.importance import ImportanceInputs
from prunekit.core.pruning.moments import Moments
from prunekit.core.search.candidate_builder import CandidateBuilder, first_images
from prunekit.core.search.evaluator import Evaluator
from prunekit.registry import Register, WorkerImports, worker_imports

_NUMBER, _GRAPH, _KNOWN = "original", "graph.arrays", "known.arrays"

Costs = Callable[[Network], Mapping[str, float]]


@dataclass(frozen=True)
class SearchSetup:
    """All that the evaluation of a trial depends on. It can be pickled; nothing in it is live.

    The process that prepares the search has network, graph and moments, and makes its evaluator with `evaluator`. For
    other processes it leaves them in files (`hand_over`), of which `build` makes an evaluator that gives the same
    results: nothing is recorded, proven or observed again, and held-out images are decoded once for all.

    Attributes:
        backend: Name of the backend.
        device: ``CPU``, ``GPU`` or ``NPU``.
        imports: Modules named by ``--import``.
        folder: Where the files are, while the step runs.
        train: The training split.
        val: The held-out split.
        calibration_images: How many images of the training split the network is known from.
        recalibration_images: How many of them normalization statistics are taken from; 0 leaves them as they are.
        compensate: Whether kept weights make up for removed ones.
        metric: Name of the metric.
        trainer: What fine-tunes each network; None: nothing does.
        costs: How each cost is measured that the reward looks at, and what was measured before the first trial.
        seed: That of the search, by which the network was built and training data is shuffled.
    """

    backend: str
    device: str
    imports: tuple[str, ...]
    folder: Path
    train: SplitConfig
    val: SplitConfig
    calibration_images: int
    recalibration_images: int
    compensate: bool
    metric: str
    trainer: ComponentSpec | None
    costs: tuple[tuple[ComponentSpec, Reference], ...]
    seed: int

    def evaluator(
        self, builder: CandidateBuilder, data: Datasets, held_out: Iterable[Batch], costs: Costs | None
    ) -> Evaluator:
        """The evaluator around a builder of candidates.

        Args:
            builder: Makes the small network of a trial.
            data: Gives the data that fine-tuning needs.
            held_out: The batches of ``val``.
            costs: Measures what a network costs, or None.
        """
        metric = metric_class(self.metric, self.backend)
        return Evaluator(builder, held_out, metric, self._fine_tuning(builder.backend, data), costs)

    def hand_over(self, builder: CandidateBuilder, description: Description) -> None:
        """Leave in files what other processes build their evaluators from; `evaluator` has it live.

        Raises:
            WriteError: The system refuses.
            NotStorableError: The network holds a size under a key that no file can hold.
        """
        known, moments = builder.importance_inputs, builder.importance_inputs.moments
        save_network(builder.backend, self.folder, _NUMBER, builder.network, description)
        write_graph(self.folder / _GRAPH, known.graph)
        parts = {field.name: dict(getattr(moments, field.name)) for field in dataclasses.fields(moments)}
        write_arrays(self.folder / _KNOWN, {"moments": parts, "state": dict(known.state)})

    def build(self) -> Evaluator:
        """The evaluator, in any process, from what `hand_over` has left.

        Raises:
            PrunekitError: A file is missing, or a component cannot be made here.
        """
        for name in self.imports:
            Register.import_module(name)
        backend = make_backend(self.backend, self.device)
        data = Datasets(backend.name)
        description = Description.read(self.folder / f"desc_{_NUMBER}.json")
        network = description.build(backend, self.folder, self.seed)
        known = read_arrays(self.folder / _KNOWN)
        inputs = ImportanceInputs(
            read_graph(self.folder / _GRAPH), Moments(**known["moments"]), known["state"], self.seed
        )
        builder = CandidateBuilder(backend, network, inputs, self._recalibration(data), self.compensate)
        held_out = CachedBatches.opened(data.held_out(self.val), self.folder / HELD_OUT)
        return self.evaluator(builder, data, held_out, self._measuring(backend, network, description))

    def __reduce__(self) -> Any:
        """Pickled within the imports that its parts may need, which are of modules that no import path leads to."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return _unpickled, (worker_imports(), pickle.dumps(values))

    def _recalibration(self, data: Datasets) -> list[Batch] | None:
        if not self.recalibration_images:
            return None
        make = data.calibration(self.train, self.calibration_images)
        return list(first_images(CachedBatches.opened(make, self.folder / CALIBRATION), self.recalibration_images))

    def _fine_tuning(self, backend: Backend, data: Datasets) -> Callable[[Network], Network] | None:
        """The guide fine-tunes each sampled network: ``trainer.epochs`` of the search step."""
        if self.trainer is None:
            return None
        trainer = make_component(self.trainer, backend.name, device=backend.device)
        if not trainer.epochs:
            return None
        batches = data.train_batches(self.train, self.seed)
        return lambda network: trainer.fit(network, batches)

    def _measuring(self, backend: Backend, network: Network, description: Description) -> Costs | None:
        meters = []
        for spec, reference in self.costs:
            how = Measuring.of(spec, backend, lambda samples: arrays_of(description.inputs, samples))
            meters.append(CostMeter(how.compare, network, reference))
        return measuring(meters)


def _unpickled(imports: WorkerImports, values: bytes) -> SearchSetup:
    imports.apply()
    return SearchSetup(**pickle.loads(values))  # from our own process, never from a file
