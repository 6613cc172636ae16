"""Evaluates one trial: builds its network, fine-tunes it if asked, runs it on held-out images."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from prunekit.core.backend import Backend, Network
from prunekit.core.data.contract import Batch
from prunekit.core.search.candidate_builder import CandidateBuilder
from prunekit.core.search.trial import Result, Trial


class Metric(Protocol):
    """Accumulates over batches; register it as ``RegisterType.METRIC``."""

    def update(self, outputs: Any, target: Any) -> None:
        """Add a batch."""
        ...

    def result(self) -> Any:
        """``correct``, ``total`` and ``mean_loss`` over all batches."""
        ...


def measured(backend: Backend, network: Network, data: Iterable[Batch], metric: Metric) -> Any:
    """The metric's result over batches."""
    for outputs, target in backend.run(network, data):
        metric.update(outputs, target)
    return metric.result()


class Evaluator:
    """Made once for a search; knows nothing of the algorithm.

    Args:
        builder: Makes the small network of a plan.
        held_out: Batches that no training and no calibration sees; iterated for each trial.
        metric: Makes a metric.
        fine_tune: Trains a network in place, or None.
        latency: Measures the latency of a network, or None.
    """

    def __init__(
        self,
        builder: CandidateBuilder,
        held_out: Iterable[Batch],
        metric: Callable[[], Metric],
        fine_tune: Callable[[Network], Network] | None = None,
        latency: Callable[[Network], Mapping[str, float]] | None = None,
    ) -> None:
        self._builder, self._held_out, self._metric = builder, held_out, metric
        self._fine_tune, self._latency = fine_tune, latency

    def network(self, trial: Trial) -> tuple[Network, dict[str, float]]:
        """The trial's network as it is evaluated, and what each part of making it took, in seconds."""
        small = self._builder.build(trial.plan)
        seconds = dict(self._builder.seconds)
        if self._fine_tune is not None:
            start = time.perf_counter()
            small = self._fine_tune(small)
            seconds["fine_tune"] = time.perf_counter() - start
        return small, seconds

    def __call__(self, trial: Trial) -> Result:
        """The trial's result on the held-out images."""
        small, seconds = self.network(trial)
        start = time.perf_counter()
        found = measured(self._builder.backend, small, self._held_out, self._metric())
        seconds["run"] = time.perf_counter() - start
        latency = {} if self._latency is None else self._latency(small)
        return Result("ok", found.correct, found.total, found.mean_loss, measured={**seconds, **latency})
