"""What one framework does in the benchmark of the two: ResNet-56 on CIFAR-10, in a process of its own."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prunekit.core.backend import Network
from prunekit.core.backend_factory import make_backend
from prunekit.core.cost import CostModel, price
from prunekit.core.data import batches
from prunekit.core.data.parent_watch import end_with_parent
from prunekit.core.parsing.parse import parse
from prunekit.core.pipeline.named_network import named_network
from prunekit.core.pruning import PrunePlan
from prunekit.core.pruning.compensation import compensated
from prunekit.core.search import SearchSettings, SearchSpace
from prunekit.core.search.candidate_builder import CandidateBuilder
from prunekit.core.search.evaluator import Evaluator
from prunekit.core.weights import Naming, load_weights
from prunekit.plugins.datasets.cifar10 import Cifar10
from prunekit.plugins.importance.compensation import Compensation
from prunekit.plugins.metrics.accuracy import Accuracy
from prunekit.plugins.search_algorithms.closed_form import ClosedForm
from prunekit.plugins.search_algorithms.random_search import RandomSearch
from prunekit.registry import Register, RegisterType

CALIBRATION, HELD_OUT, TRAINED, BATCH, FEW, MIB = 1024, 1000, 1000, 128, 32, 2**20
_SETTINGS = SearchSettings(budget="flops <= 0.5", channel_round=1, lbound=0.1)
_COUNTED = ("weight", "bias")
"""Names of what is a parameter on both frameworks; MindSpore's statistics are parameters too."""


class Side:
    """The network with its weights on one framework.

    Args:
        name: Of the backend.
        data: Folder that the dataset reads.
        weights: The network's weights, whichever framework they are named for.
        images: How many test images are looked at.
    """

    def __init__(self, name: str, data: Path, weights: Path, images: int) -> None:
        self._backend = make_backend(name)
        self._network = named_network(self._backend, "ResNet56", {})
        load_weights(self._backend, self._network, weights)
        self._train = Cifar10(data, "train", train_portion=0.8)
        calibration = list(batches(self._train, BATCH, indices=range(CALIBRATION)))
        self._held_out = list(batches(Cifar10(data, "val", train_portion=0.8, samples=HELD_OUT), 250))
        self._test = list(batches(Cifar10(data, "test", samples=images), 250))
        self._graph = parse(self._backend, self._network, self._test[0][0][:1])
        self._builder = CandidateBuilder.observing(self._backend, self._network, self._graph, calibration)
        rankings = Compensation().rank(self._builder.importance_inputs)
        self._space = SearchSpace(self._graph, rankings, _SETTINGS, CostModel(self._graph))
        self._candidates = RandomSearch(self._space, _SETTINGS)

    def labels(self) -> NDArray[np.int64]:
        """Of the test images."""
        return np.concatenate([target for _, target in self._test])

    def logits(self) -> NDArray[Any]:
        """What the whole network makes of the test images."""
        return self._outputs(self._network)

    def plan(self) -> dict[str, Any]:
        """The closed-form plan for half of the MACs, as JSON values."""
        return ClosedForm(self._space, _SETTINGS).ask().plan.to_json()

    def pruned(self, plan: Mapping[str, Any]) -> dict[str, Any]:
        """The network pruned by a plan: what it costs, its logits with its own weights and treated, the new weights."""
        read, known = PrunePlan.from_json(plan), self._builder.importance_inputs
        small, cost = self._backend.prune(self._network, self._graph, read), price(self._graph, read)
        state = {Naming().common(name): array for name, array in self._backend.state_arrays(small).items()}
        new = compensated(self._graph, read, known.moments, known.state)
        return {
            "macs": int(cost.macs), "priced": int(cost.params),
            "params": sum(array.size for name, array in state.items() if name.endswith(_COUNTED)),
            "bare": self._outputs(small), "treated": self._outputs(self._builder.build(read)),
            "weights": {Naming().common(name): array for name, array in new.items()},
        }  # fmt: skip

    def episode(self) -> tuple[tuple[int, ...], dict[str, float]]:
        """Evaluate the next candidate as a search does: what it keeps, and the seconds of each step."""
        trial = self._candidates.ask()
        return trial.counts, dict(Evaluator(self._builder, self._held_out, Accuracy)(trial).measured)

    def resident(self, candidates: int) -> float:
        """MiB that the process holds after so many more candidates: pruned, recalibrated and run, on few images."""
        (images, labels), *_ = self._test
        few = [(images[:FEW], labels[:FEW])]
        for _ in range(candidates):
            small = self._backend.prune(self._network, self._graph, self._candidates.ask().plan)
            list(self._backend.run(self._backend.recalibrate(small, few), few))
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / MIB

    def epoch(self) -> float:
        """Seconds of an epoch of training, of a copy of the whole network."""
        trainer = Register.get(RegisterType.TRAINER, "Trainer", self._backend.name)(epochs=1)
        data = list(batches(self._train, BATCH, indices=range(TRAINED)))
        network = self._backend.with_state(self._network, {})
        start = time.perf_counter()
        trainer.fit(network, lambda epoch: data)
        return time.perf_counter() - start

    def exported(self, kind: str, plan: Mapping[str, Any]) -> float:
        """The parity error of the treated network in a file of a format."""
        exporter = Register.get(RegisterType.EXPORTER, kind, self._backend.name)()
        small = self._builder.build(PrunePlan.from_json(plan))
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / f"network{exporter.suffix}"
            return float(exporter.export(small, self._test[0][0][:8], file).parity_error)

    def _outputs(self, network: Network) -> NDArray[Any]:
        return np.concatenate([outputs for outputs, _ in self._backend.run(network, self._test)])


_sides: list[Side] = []  # one in every process


def begin(name: str, data: Path, weights: Path, images: int) -> None:
    """Make this process that of a framework; arguments as for `Side`."""
    end_with_parent()
    _sides.append(Side(name, data, weights, images))


def ask(verb: str, *args: Any) -> Any:
    """What the side of this process answers."""
    return getattr(_sides[0], verb)(*args)
