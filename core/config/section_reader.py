"""Reads the sections of a step: model, dataset, search_algorithm, trainer, pruning."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from pydantic import BaseModel

from prunekit.core.config.backend_abilities import check_abilities
from prunekit.core.config.block_validation import check_model, shown
from prunekit.core.config.component_reader import ComponentReader, ComponentSpec, check_can_be_there, check_file
from prunekit.core.config.config_classes import (
    DatasetConfig,
    LoaderOptions,
    ModelConfig,
    ModelDesc,
    ModelFiles,
    PruningConfig,
    PruningOptions,
    SplitConfig,
)
from prunekit.core.config.example_inputs import ExampleConfig, ExampleOptions, read_example
from prunekit.core.config.node import Key, Node
from prunekit.core.config.objective_reader import ObjectiveConfig, ObjectiveOptions, ObjectiveReader
from prunekit.core.config.problems import Findings
from prunekit.core.config.unsupported_vega_keys import without_foreign
from prunekit.core.search.settings import SearchSettings
from prunekit.registry import RegisterType

SPLITS = ("train", "val", "test")
PLACEHOLDER = "{local_base_path}"
_OPTIONS: dict[str, type[BaseModel]] = {
    "search_algorithm": SearchSettings,
    "search_algorithm.": ObjectiveOptions,
    "search_algorithm or trainer": ExampleOptions,
    "dataset": LoaderOptions,
    "model": ModelFiles,
    "pruning": PruningOptions,
}
SECTION_OF_KEY = {key: section.rstrip(".") for section, options in _OPTIONS.items() for key in options.model_fields}
"""For each key that does not depend on a component, the section that takes it."""


@dataclass(frozen=True)
class SearchBlock:
    """A ``search_algorithm`` that was read; a part is None where there was a problem with it, or nothing given."""

    spec: ComponentSpec | None
    settings: SearchSettings | None
    objective: ObjectiveConfig | None
    example: ExampleConfig | None


class SectionReader:
    """Reads the sections of one file.

    Args:
        findings: Takes problems and warnings.
        backend: Name of the backend, or None if the yml names none that exists.
        task_folder: What ``{local_base_path}`` stands for.
    """

    def __init__(self, findings: Findings, backend: str | None, task_folder: Path) -> None:
        self._findings, self._backend, self._task_folder = findings, backend, task_folder
        self.components = ComponentReader(findings, backend)
        self._objectives = ObjectiveReader(findings, self.components, backend)

    def model(self, block: Node, brings_weights: bool) -> ModelConfig | None:
        """Read ``model``; ``brings_weights`` says that the step takes the networks of another step."""
        desc = block.child("model_desc")
        files = check_model(
            ModelFiles, block.without("model_desc"), self._findings, section="model", also_known=["model_desc"]
        )
        if files is None and not isinstance(block.value, dict):
            return None
        if desc is None and not block.child("model_desc_file"):
            self._findings.problem(block, "'model_desc' is missing")
        elif desc is not None and block.child("model_desc_file"):
            self._findings.problem(block, "give 'model_desc' or 'model_desc_file', not both")
        network, size = self._model_desc(desc) if desc is not None else (None, None)
        weights = self._file(block, "pretrained_model_file")
        described = self._file(block, "model_desc_file")
        backbone = self._file(block, "pretrained_backbone_file")
        if backbone is not None and (weights is not None or described is not None):
            self._findings.problem(
                block.get_or_empty("pretrained_backbone_file"),
                "the whole network's weights are given too; give one of the two",
            )
        if weights is None and backbone is None and described is None and not brings_weights and files is not None:
            self._findings.warn(block, "no pretrained_model_file: the network starts from a seeded initialisation")
        key = files.pretrained_model_key if files is not None else None
        if key is not None and weights is None and backbone is None:
            self._findings.problem(
                block.get_or_empty("pretrained_model_key"), "goes with pretrained_model_file, which is missing"
            )
        where = block.get_or_empty("pretrained_model_file" if backbone is None else "pretrained_backbone_file").where
        return ModelConfig(network, size, weights, described, where, key, backbone)

    def _model_desc(self, block: Node) -> tuple[ComponentSpec | None, tuple[int, int] | None]:
        rest = block.without("backbone")
        desc = check_model(ModelDesc, rest, self._findings, section="model_desc", also_known=["backbone"])
        if not isinstance(block.value, dict):
            return None, None
        for name in desc.modules if desc else []:
            if name != "backbone":
                self._findings.problem(
                    block.get_or_empty("modules"), f"module {name!r} is not supported yet; only 'backbone'"
                )
        backbone = block.child("backbone")
        if backbone is None:
            self._findings.problem(block, "'backbone' is missing")
            return None, None
        return self.components.read(RegisterType.NETWORK, backbone), desc.image_size if desc else None

    def _file(self, block: Node, key: str) -> Path | None:
        node = block.get_or_empty(key)
        if not isinstance(node.value, str):
            return None
        if node.value.startswith(PLACEHOLDER):  # a run writes it; the step's reader knows which step
            return expanded(node.value, self._task_folder)
        check_file(Path(node.value), node, self._findings)
        return Path(node.value)

    def dataset(self, block: Node) -> DatasetConfig | None:
        """Read ``dataset``. A split takes the parameters of ``common``, then those of ``train``, then its own."""
        if not isinstance(block.value, dict):
            self._findings.problem(block, f"must be a block with a 'type', not {shown(block)}")
            return None
        known = ("type", "common", *SPLITS)
        block = without_foreign(block, "dataset", known, self._findings)
        for key in block.entries:
            if key not in known:
                self._findings.unknown_key(block, key, known)
        parts: dict[str, dict[Key, Node]] = {}
        for name in ("common", *SPLITS):
            part = block.get_or_empty(name)
            parts[name] = part.entries
            if part.value is not None and not isinstance(part.value, dict):
                self._findings.problem(part, f"must be a block of keys, not {shown(part)}")
        splits = [self._split(name, block, parts) for name in SPLITS]
        self._refuse_overlap(block, splits)
        return DatasetConfig(*cast("list[SplitConfig]", splits)) if all(splits) else None

    def _refuse_overlap(self, block: Node, splits: list[SplitConfig | None]) -> None:
        """Record a problem where splits are cut differently: an image could be in two of them."""
        specs = [split.dataset for split in splits if split is not None]
        for key in ("train_portion", "test_portion"):
            found = [spec.params.get(key, spec.defaults.get(key)) for spec in specs]
            if any(value != found[0] for value in found):
                values = ", ".join(f"{value} in {name}" for name, value in zip(SPLITS, found, strict=False))
                text = f"must be the same in all splits, or they share images; it is {values}. Say it in 'common'"
                self._findings.problem(block.get_or_empty(key), text)

    def _split(self, name: str, block: Node, parts: dict[str, dict[Key, Node]]) -> SplitConfig | None:
        inherited = dict(parts["train"])
        for key in ("drop_last", "shuffle") if name != "train" else ():
            inherited.pop(key, None)
        given = {**parts["common"], **inherited, **parts[name]}
        loader: dict[Key, Node] = {key: node for key, node in given.items() if key in LoaderOptions.model_fields}
        options = check_model(LoaderOptions, block.with_entries(loader), self._findings)
        params = {key: node for key, node in given.items() if key not in loader}
        for key in [key for key in params if key == "type"]:
            self._findings.problem(params.pop(key), "the type of a dataset stands beside its splits")
        kind: dict[Key, Node] = {"type": block.get_or_empty("type")} if block.child("type") else {}
        spec = self.components.read(
            RegisterType.DATASET, block.with_entries({**kind, **params}), also_known=LoaderOptions.model_fields
        )
        if options is None or spec is None:
            return None
        values = options.model_dump()
        if name == "train" and "shuffle" not in options.model_fields_set:
            values["shuffle"] = True
        return SplitConfig(replace(spec, where=f"{spec.where}.{name}"), **values)

    def search_algorithm(self, block: Node) -> SearchBlock:
        """Read ``search_algorithm``: its parameters, those of all algorithms, its aim, the network's inputs."""
        example, block = read_example(block, self._findings)
        objective, block = self._objectives.read(block)
        shared: dict[Key, Node] = {
            key: node for key, node in block.entries.items() if key in SearchSettings.model_fields
        }
        settings = check_model(SearchSettings, block.with_entries(shared), self._findings)
        if settings is not None:
            self._objectives.check_budget(settings.constraints, block.get_or_empty("budget"))
        if settings and settings.plot_graph_save_folder:
            folder = Path(settings.plot_graph_save_folder)
            check_can_be_there(folder, block.get_or_empty("plot_graph_save_folder"), self._findings)
        known = [*SearchSettings.model_fields, *ObjectiveOptions.model_fields, *ExampleOptions.model_fields]
        spec = self.components.read(RegisterType.SEARCH_ALGORITHM, block.without(*shared), also_known=known)
        return SearchBlock(spec, settings, objective, example)

    def trainer(self, block: Node) -> tuple[ComponentSpec | None, ExampleConfig | None]:
        """Read ``trainer``: its parameters and the network's inputs."""
        example, block = read_example(block, self._findings)
        spec = self.components.read(RegisterType.TRAINER, block, also_known=ExampleOptions.model_fields)
        return spec, example

    def pruning(self, block: Node) -> PruningConfig | None:
        """Read ``pruning``, every key of which has a default, and check that the backend can do what it asks for."""
        importance = block.get_or_empty("importance")
        if importance.value is None:
            importance = importance.with_entries({"type": replace(importance, value="compensation")})
        rest = block.without("importance")
        options = check_model(PruningOptions, rest, self._findings, section="pruning", also_known=["importance"])
        spec = self.components.read(RegisterType.IMPORTANCE, importance)
        if options is None or spec is None:
            return None
        pruning = PruningConfig(importance=spec, **options.model_dump())
        if self._backend is not None:
            check_abilities(pruning, block, self._backend, self._findings)
        return pruning


def expanded(text: str, task_folder: Path) -> Path:
    """Replace ``{local_base_path}`` by the task's folder."""
    return Path(text.replace(PLACEHOLDER, str(task_folder)))
