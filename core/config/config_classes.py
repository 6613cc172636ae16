"""The checked configuration: the classes that hold a yml's sections and steps."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PositiveInt, WithJsonSchema

from prunekit.core.config.component_reader import ComponentSpec
from prunekit.core.config.example_inputs import ExampleConfig
from prunekit.core.config.general import GeneralConfig
from prunekit.core.config.objective_reader import ObjectiveConfig
from prunekit.core.metric import DEFAULT_METRIC
from prunekit.core.search.settings import SearchSettings


class Options(BaseModel):
    """Base of blocks with a fixed set of keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ModelFiles(Options):
    """The files of a network.

    Attributes:
        pretrained_model_file: Weights; without them the network starts from a seeded initialisation.
        pretrained_model_key: Which of several sets of weights in that file (``ema``); without it the trained ones.
        pretrained_backbone_file: Weights of a classifier, for the network's backbone alone: every one of the backbone's
            has to be there. The rest starts from a seeded initialisation.
        model_desc_file: Description of a network that a step wrote, in place of ``model_desc``.
    """

    pretrained_model_file: Path | None = None
    pretrained_backbone_file: Path | None = None
    pretrained_model_key: str | None = None
    model_desc_file: Path | None = None


def _square(size: Any) -> Any:
    return [size, size] if isinstance(size, int) and not isinstance(size, bool) else size


_SIZE = {"type": "integer", "exclusiveMinimum": 0}
_SIZE_OR_PAIR = {"anyOf": [_SIZE, {"type": "array", "items": _SIZE, "minItems": 2, "maxItems": 2}]}
ImageSize: TypeAlias = Annotated[
    tuple[PositiveInt, PositiveInt], BeforeValidator(_square), WithJsonSchema(_SIZE_OR_PAIR)
]


class ModelDesc(Options):
    """What a network is made of.

    Attributes:
        modules: Names of its parts.
        image_size: Height and width of the input images, or one number for both; the dataset's if not given.
    """

    modules: list[str] = Field(default_factory=lambda: ["backbone"])
    image_size: ImageSize | None = None


@dataclass(frozen=True)
class ModelConfig:
    """A network and the weights that it starts from.

    Attributes:
        network: The network, or None where ``model_desc_file`` describes it.
        image_size: Height and width of the input images; None leaves it to the dataset.
        pretrained_model_file: Weights; None starts from a seeded initialisation.
        model_desc_file: Description of a network that a step wrote.
        weights_where: ``file.yml:12: nas.model.pretrained_model_file``; not part of equality.
        pretrained_model_key: Which of several sets of weights in that file; None takes the trained ones.
        pretrained_backbone_file: Weights for the backbone alone.
    """

    network: ComponentSpec | None
    image_size: tuple[int, int] | None = None
    pretrained_model_file: Path | None = None
    model_desc_file: Path | None = None
    weights_where: str = field(default="", compare=False)
    pretrained_model_key: str | None = None
    pretrained_backbone_file: Path | None = None


CACHE_GB = 8.0


class LoaderOptions(Options):
    """How the samples of a split are put into batches.

    Attributes:
        batch_size: Samples in a batch.
        num_workers: Processes that read samples; 0 reads them in the process that uses them.
        drop_last: Leave out the last batch where it is smaller; of ``train`` only.
        shuffle: Another order in each epoch; of ``train`` only, where it is the default.
        cache_gb: How many GB of decoded samples are kept on disk while a step looks at them again and again: those of
            ``val``, and of ``train`` those that a search calibrates on. Never more than half of what the disk has left;
            the rest is decoded again each time.
    """

    batch_size: PositiveInt = 64
    num_workers: int = Field(0, ge=0)
    drop_last: bool = False
    shuffle: bool = False
    cache_gb: float = Field(CACHE_GB, ge=0, allow_inf_nan=False)


@dataclass(frozen=True)
class SplitConfig:
    """One split of a dataset and how its samples are put into batches."""

    dataset: ComponentSpec
    batch_size: int
    num_workers: int
    drop_last: bool
    shuffle: bool
    cache_gb: float = CACHE_GB


@dataclass(frozen=True)
class DatasetConfig:
    """The three splits of a dataset."""

    train: SplitConfig
    val: SplitConfig
    test: SplitConfig


class PruningOptions(Options):
    """How pruned networks are repaired.

    Attributes:
        compensate: Let the remaining weights absorb what was removed.
        recalibrate: Measure the normalization statistics again.
        calibration_images: Images that the second moments for compensation are taken from, once a search.
        recalibration_images: How many of them the statistics are measured on, once a trial.
    """

    compensate: bool = True
    recalibrate: bool = True
    calibration_images: PositiveInt = 1024
    recalibration_images: PositiveInt = 128


class PruningConfig(PruningOptions):
    """How networks are pruned: ``importance`` ranks the channels, the options say how the rest is repaired."""

    importance: ComponentSpec


@dataclass(frozen=True)
class StepConfig:
    """One step of the pipeline; a section that it does not have is None.

    Attributes:
        name: Its name in the pipeline.
        pipe_step: What it does, sections of its own included.
        where: ``file.yml:3: nas``; not part of equality.
        models_from: The earlier step whose networks it takes.
        models_folder: The folder outside of this task whose networks it takes.
        model: Its network; that of ``models_from`` if it has none of its own.
        dataset: Its data.
        search_algorithm: The search algorithm.
        settings: The parameters that every search algorithm takes.
        objective: What the search aims at.
        metric: Name of the registered metric that networks are judged by.
        trainer: The trainer.
        search_example: What ``search_algorithm`` says that the network is called with.
        trainer_example: What ``trainer`` says of that.
        pruning: How networks are pruned; None only for a step that does not prune.
        sections: Names of the pipe step's parameters that are sections of the yml, beside ``pipe_step``.
    """

    name: str
    pipe_step: ComponentSpec
    where: str = field(default="", compare=False)
    models_from: str | None = None
    models_folder: Path | None = None
    model: ModelConfig | None = None
    dataset: DatasetConfig | None = None
    search_algorithm: ComponentSpec | None = None
    settings: SearchSettings | None = None
    objective: ObjectiveConfig | None = None
    metric: str = DEFAULT_METRIC
    trainer: ComponentSpec | None = None
    pruning: PruningConfig | None = None
    search_example: ExampleConfig | None = None
    trainer_example: ExampleConfig | None = None
    sections: tuple[str, ...] = ()

    @property
    def example(self) -> ExampleConfig | None:
        """What the network is called with in this step; None leaves it to the dataset."""
        return self.search_example or self.trainer_example


@dataclass(frozen=True)
class RunConfig:
    """A yml that was read and checked.

    Attributes:
        path: The file.
        general: Backend, device, task.
        pipeline: Names of the steps, in order.
        steps: The steps by name.
        warnings: Warnings for the user, one line each, with file and line.
    """

    path: Path
    general: GeneralConfig
    pipeline: tuple[str, ...]
    steps: dict[str, StepConfig]
    warnings: tuple[str, ...] = ()
