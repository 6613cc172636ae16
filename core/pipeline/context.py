"""What a step is given: the resolved configuration, the run's folder, the backend, and how to make components."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from prunekit.core.backend import Backend, Network
from prunekit.core.config import ComponentSpec, RunConfig, SplitConfig, StepConfig
from prunekit.core.data import Batch, Dataset, batches
from prunekit.core.hooks import Hooks
from prunekit.core.pipeline.errors import RunError, error_location
from prunekit.core.pipeline.reporter import Reporter
from prunekit.core.pipeline.run_folder import RunFolder
from prunekit.core.search.evaluator import measured
from prunekit.registry import PrunekitError, Register, RegisterType


@dataclass
class RunContext:
    """A run.

    Attributes:
        config: The resolved yml.
        folder: Where everything is written.
        backend: The framework.
        reporter: How people are told.
        hooks: What installed packages do beside the run.
        imports: Modules named by ``--import``.
    """

    config: RunConfig
    folder: RunFolder
    backend: Backend
    reporter: Reporter
    hooks: Hooks
    imports: tuple[str, ...] = ()
    _datasets: list[tuple[ComponentSpec, str, Dataset]] = field(default_factory=list)

    def make(self, spec: ComponentSpec, **injected: Any) -> Any:
        """Construct the component that a block of the yml names.

        Raises:
            PrunekitError: Its constructor raises.
        """
        component = Register.get(spec.kind, spec.name, self.backend.name)
        try:
            with error_location(spec.where):
                return component(**spec.params, **injected)
        except PrunekitError:
            raise
        except Exception as problem:  # a component's constructor is its author's code
            raise RunError(
                f"{spec.where}: {component.__qualname__} cannot be made: {type(problem).__name__}: {problem}"
            ) from problem

    def dataset(self, split: SplitConfig, name: str) -> Dataset:
        """The dataset of a split: ``train``, ``val`` or ``test``; made once: listing a million files takes long."""
        for spec, split_name, made in self._datasets:
            if (spec, split_name) == (split.dataset, name):
                return made
        dataset: Dataset = self.make(split.dataset, split=name)
        self._datasets.append((split.dataset, name, dataset))
        return dataset

    def plain_batches(
        self, dataset: Dataset, split: SplitConfig, indices: Sequence[int] | None = None
    ) -> Iterator[Batch]:
        """A split's batches in their order, not augmented."""
        return batches(dataset, split.batch_size, workers=split.num_workers, indices=indices)

    def train_batches(self, split: SplitConfig, seed: int) -> Callable[[int], Iterator[Batch]]:
        """For each epoch the augmented batches of the training split, in another order each time."""
        dataset = self.dataset(split, "train")

        def epoch_batches(epoch: int) -> Iterator[Batch]:
            return batches(
                dataset, split.batch_size, shuffle=split.shuffle, seed=seed, epoch=epoch, workers=split.num_workers,
                drop_last=split.drop_last, augment=True,
            )  # fmt: skip

        return epoch_batches

    def measure(self, network: Network, data: Iterable[Batch], metric: str = "accuracy") -> Any:
        """The metric's result over batches."""
        return measured(self.backend, network, data, Register.get(RegisterType.METRIC, metric, self.backend.name)())


class PipeStep(Protocol):
    """A step of a pipeline; register it as ``RegisterType.PIPE_STEP``.

    Attributes:
        needs: Sections of the yml that it cannot do without.
        allows: Further sections that it reads.
    """

    needs: ClassVar[frozenset[str]]
    allows: ClassVar[frozenset[str]]

    def run(self, context: RunContext, step: StepConfig) -> list[dict[str, Any]]:
        """Do the step and return one record for each network that it leaves."""
        ...
