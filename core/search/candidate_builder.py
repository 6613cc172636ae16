"""Builds the small network of a plan without training: prunes, compensates, recalibrates."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any

from prunekit.core.backend import Backend, Network
from prunekit.core.data.batch_size import batch_size
from prunekit.core.data.contract import Batch
from prunekit.core.graph.structure import ChannelStructure
from prunekit.core.pruning.compensation import compensated
from prunekit.core.pruning.importance import ImportanceInputs
from prunekit.core.pruning.plan import PrunePlan


class CandidateBuilder:
    """Prunes, compensates and recalibrates; made once, used for every candidate.

    Args:
        backend: The network's framework.
        network: The original network.
        known: What is known of it.
        recalibration: Batches that normalization statistics are taken from anew, for each candidate; None keeps them.
        compensate: Whether kept weights make up for removed ones.
    """

    def __init__(
        self,
        backend: Backend,
        network: Network,
        known: ImportanceInputs,
        recalibration: Iterable[Batch] | None,
        compensate: bool = True,
    ) -> None:
        self.backend, self.network, self.graph = backend, network, known.graph
        self.importance_inputs, self.recalibration, self.compensate = known, recalibration, compensate
        self.seconds: dict[str, float] = {}

    @classmethod
    def observing(
        cls,
        backend: Backend,
        network: Network,
        graph: ChannelStructure,
        calibration: Iterable[Batch],
        *,
        compensate: bool = True,
        recalibrate: bool = True,
        recalibration_images: int = 128,
        seed: int = 0,
    ) -> CandidateBuilder:
        """One that knows the network from calibration data, which is iterated once.

        Args:
            backend: The network's framework.
            network: The original network.
            graph: Its channel graph.
            calibration: Batches that the second moments are taken from.
            compensate: Whether kept weights make up for removed ones.
            recalibrate: Whether normalization statistics are taken anew.
            recalibration_images: How many of the calibration images they are taken from; measured on ResNet-56, 128 do
                as well as 2,048.
            seed: Handed to the importance criterion.
        """
        batches = iter(calibration)
        first = list(first_images(batches, recalibration_images if recalibrate else 0))
        moments = backend.observe(network, graph, chain(first, batches))
        moments.refuse_not_finite()
        known = ImportanceInputs(graph, moments, backend.state_arrays(network), seed)
        return cls(backend, network, known, first or None, compensate)

    def build(self, plan: PrunePlan) -> Network:
        """The small network; ``seconds`` afterwards says what each part of it took."""
        self.seconds = {}
        with self._timed("prune"):
            small = self.backend.prune(self.network, self.graph, plan)
        if self.compensate:
            with self._timed("compensate"):
                changed = compensated(self.graph, plan, self.importance_inputs.moments, self.importance_inputs.state)
                small = self.backend.with_state(small, changed)
        if self.recalibration is not None:
            with self._timed("recalibrate"):
                small = self.backend.recalibrate(small, self.recalibration)
        return small

    @contextmanager
    def _timed(self, name: str) -> Any:
        start = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - start


def first_images(batches: Iterable[Batch], images: int) -> Iterator[Batch]:
    """The first batches that together hold at least ``images`` images, or all there are; no further one is taken."""
    seen = 0
    for batch in batches if images > 0 else ():
        yield batch
        seen += batch_size(batch[0])
        if seen >= images:
            return
