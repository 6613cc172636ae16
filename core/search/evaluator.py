"""Evaluates one trial: builds its network, fine-tunes it if asked, runs it on held-out images."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping

from prunekit.core.backend import Network
from prunekit.core.data.contract import Batch
from prunekit.core.metric import Metric, measure
from prunekit.core.search.candidate_builder import CandidateBuilder
from prunekit.core.search.trial import Result, Trial


class Evaluator:
    """Made once for a search; knows nothing of the algorithm.

    Args:
        builder: Makes the small network of a plan.
        held_out: Batches that no training and no calibration sees; iterated for each trial.
        metric: Makes a metric.
        fine_tune: Trains a network in place, or None.
        costs: Measures what a network costs, or None.
    """

    def __init__(
        self,
        builder: CandidateBuilder,
        held_out: Iterable[Batch],
        metric: Callable[[], Metric],
        fine_tune: Callable[[Network], Network] | None = None,
        costs: Callable[[Network], Mapping[str, float]] | None = None,
    ) -> None:
        self._builder, self._held_out, self._metric = builder, held_out, metric
        self._fine_tune, self._costs = fine_tune, costs

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
        found = measure(self._builder.backend, small, self._held_out, self._metric())
        seconds["run"] = time.perf_counter() - start
        costs = {} if self._costs is None else self._costs(small)
        return Result("ok", found, measured={**seconds, **costs})
