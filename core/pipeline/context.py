"""What a step is given: the configuration, the run's folder, the backend, the data, and how to make components."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from prunekit.core.backend import Backend, Network
from prunekit.core.config import ComponentSpec, RunConfig, SplitConfig, StepConfig
from prunekit.core.data import Batch
from prunekit.core.data.batch_cache import CachedBatches, Make
from prunekit.core.hooks import Hooks
from prunekit.core.metric import Measured, measure, metric_class
from prunekit.core.pipeline.components import make_component
from prunekit.core.pipeline.datasets import CALIBRATION, HELD_OUT, Datasets
from prunekit.core.pipeline.reporter import Reporter
from prunekit.core.pipeline.run_folder import RunFolder
from prunekit.core.pipeline.subject import SubjectLoader


@dataclass
class RunContext:
    """A run.

    Attributes:
        config: The checked yml.
        folder: Where everything is written.
        backend: The framework.
        reporter: How people are told.
        hooks: What installed packages do beside the run.
        imports: Modules named by ``--import``.
        data: The datasets of the run.
        subjects: Loads the networks that steps start from.
    """

    config: RunConfig
    folder: RunFolder
    backend: Backend
    reporter: Reporter
    hooks: Hooks
    imports: tuple[str, ...] = ()
    data: Datasets = field(init=False)
    subjects: SubjectLoader = field(init=False)

    def __post_init__(self) -> None:
        self.data = Datasets(self.backend.name, self.reporter.warn)
        self.subjects = SubjectLoader(self.backend, self.data, self.reporter, self.config.steps.values(), self.imports)

    def make(self, spec: ComponentSpec, **injected: Any) -> Any:
        """Construct the component that a block of the yml names.

        Raises:
            PrunekitError: Its constructor raises.
        """
        return make_component(spec, self.backend.name, **injected)

    def held_out(self, step: StepConfig) -> CachedBatches:
        """The held-out batches of a step, to be iterated again and again."""
        assert step.dataset is not None
        return self._cached(step, step.dataset.val, HELD_OUT, self.data.held_out(step.dataset.val))

    def calibration(self, step: StepConfig) -> CachedBatches:
        """The batches that the network of a step is known from, to be iterated again and again."""
        assert step.dataset is not None and step.pruning is not None
        make = self.data.calibration(step.dataset.train, step.pruning.calibration_images)
        return self._cached(step, step.dataset.train, CALIBRATION, make)

    def _cached(self, step: StepConfig, split: SplitConfig, file: str, make: Make) -> CachedBatches:
        """Decoded once, as far as they fit on the disk, which is told where they do not."""

        def tell(text: str) -> None:
            self.reporter.say(f"{split.dataset.where}: {text}")

        return CachedBatches(make, self.folder.cache(step.name) / file, split.cache_gb * 1e9, tell)

    def measure(self, network: Network, data: Iterable[Batch], metric: str, error: bool = True) -> Measured:
        """What a registered metric finds of a network over batches; ``error`` as for `Metric.result`."""
        return measure(self.backend, network, data, metric_class(metric, self.backend.name)(), error)


class PipeStep(Protocol):
    """A step of a pipeline; register it as ``RegisterType.PIPE_STEP``.

    Its constructor takes what a yml says at ``pipe_step`` beside ``type`` and ``models_folder``: each key is checked
    against the parameter of its name, as for any component. A section that ``needs`` or ``allows`` names and that is
    none of ``model``, ``dataset``, ``search_algorithm``, ``trainer`` and ``pruning`` is the step's own: it stands
    beside ``pipe_step``, and the parameter of its name takes it, annotated with a dataclass, a pydantic model, or
    whatever the section holds; ``Annotated[ComponentSpec, RegisterType.NETWORK]`` is a block that names a component,
    which `RunContext.make` makes. Every step is made once before the run, to see its mistakes, and again when its turn
    comes: the constructor should keep its settings, and ``run`` do the work.

    Attributes:
        needs: Sections of the yml that it cannot do without.
        allows: Further sections that it reads.

    It may also say, by dotted names within its block, which settings may change when a task is gone on with: in
    ``no_result`` those that change no result of it, in ``late`` those that it looks at only when all the rest is
    computed (``dataset.test``).
    """

    needs: ClassVar[frozenset[str]]
    allows: ClassVar[frozenset[str]]

    def run(self, context: RunContext, step: StepConfig) -> list[dict[str, Any]]:
        """Do the step and return one record for each network that it leaves."""
        ...
