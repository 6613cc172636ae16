"""Reads a step: its sections, and the step or folder whose networks it takes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from prunekit.core.config.block_validation import check_model, shown
from prunekit.core.config.component_reader import ComponentSpec, check_can_be_there, check_exists
from prunekit.core.config.config_classes import Options, StepConfig
from prunekit.core.config.general import TaskConfig
from prunekit.core.config.metric_choice import choose_metric
from prunekit.core.config.node import Node
from prunekit.core.config.objective_reader import ObjectiveConfig
from prunekit.core.config.problems import Findings
from prunekit.core.config.section_reader import PLACEHOLDER, SearchBlock, SectionReader, expanded
from prunekit.core.config.step_sections import MODELS_FOLDER, SECTIONS, StepSections
from prunekit.core.config.unsupported_vega_keys import without_foreign
from prunekit.registry import Register, RegisterType, RegistryError, describing


class _Networks(Options):
    models_folder: str | None = None


class StepReader:
    """Reads the steps of one file, in the pipeline's order.

    Args:
        pipeline: Names of the steps.
        task: Where the run writes.
        backend: Name of the backend, or None if the yml names none that exists.
        findings: Takes problems and warnings.
    """

    def __init__(self, pipeline: tuple[str, ...], task: TaskConfig, backend: str | None, findings: Findings) -> None:
        self._pipeline, self._task, self._findings, self._backend = pipeline, task, findings, backend
        self._sections = SectionReader(findings, backend, task.folder)
        self._search: str | None = None  # the last search step so far

    def read(self, name: str, block: Node, earlier: Mapping[str, StepConfig]) -> StepConfig:
        """Read one step. Parts of the result are missing where ``findings`` got problems."""
        if not isinstance(block.value, dict):
            self._findings.problem(block, f"must be a block of keys, not {shown(block)}")
            block = block.with_entries({})
        pipe_step = block.get_or_empty("pipe_step")
        takes = self._takes(block, pipe_step)
        block = self._with_loss(self._known(block, takes))
        spec = self._pipe_step(block, takes)
        prunes = takes is not None and "pruning" in takes.allows
        takes = takes or StepSections()
        searches = bool(block.child("search_algorithm")) and "search_algorithm" in takes.allows
        models_from, models_folder = self._source(name, block, searches)
        found: dict[str, Any] = {
            section: self._section(section, block.get_or_empty(section), models_from)
            for section in SECTIONS
            if block.child(section) or (section == "pruning" and prunes)
        }
        for section in sorted(takes.needs - {"pruning", *block.entries}):
            if section != "model" or (models_from is None and models_folder is None):
                self._findings.problem(block, f"section {section!r} is missing")
        if "search_algorithm" in found:
            read: SearchBlock = found["search_algorithm"]
            found |= {
                "search_algorithm": read.spec, "settings": read.settings, "objective": read.objective,
                "search_example": read.example,
            }  # fmt: skip
        if "trainer" in found:
            found["trainer"], found["trainer_example"] = found["trainer"]
        self._check_written(name, block.get_or_empty("model"))
        if searches:
            self._search = name
        if not block.child("model") and models_from is not None and models_from in earlier:
            found["model"] = earlier[models_from].model
        if metric := self._metric(block, found, earlier.get(models_from or "")):
            found["metric"] = metric
        return StepConfig(name, spec, block.where, models_from, models_folder, **found, sections=takes.own)

    def _metric(self, block: Node, found: Mapping[str, Any], before: StepConfig | None) -> str | None:
        """The metric of the step; None where ``findings`` got a problem with it, or the backend is unknown."""
        if self._backend is None:
            return None
        objective: ObjectiveConfig | None = found.get("objective")
        named = objective.metric if objective is not None else before.metric if before is not None else None
        node = block.get_or_empty("search_algorithm").child("objective_keys") or block.get_or_empty("dataset")
        of_trainer = self._of_trainer(block.get_or_empty("trainer"), found.get("trainer"))
        if of_trainer is not None and objective is None:
            named, node = of_trainer.value, of_trainer
        elif of_trainer is not None and of_trainer.value != named:
            self._findings.problem(of_trainer, "a search judges by search_algorithm.objective_keys; say it there")
        return choose_metric(named, found.get("model"), found.get("dataset"), self._backend, node, self._findings)

    def _of_trainer(self, trainer: Node, spec: ComponentSpec | None) -> Node | None:
        """The metric that ``trainer.metric`` names, ``mAP`` or ``{type: mAP}``, where the trainer itself takes none."""
        node = trainer.child("metric")
        if node is None or node.value is None or spec is None or "metric" in spec.params:
            return None
        node = node.get_or_empty("type") if node.entries else node
        if isinstance(node.value, str):
            return node
        self._findings.problem(node, f"must be the name of a metric, not {shown(node)}")
        return None

    def _with_loss(self, block: Node) -> Node:
        """The block with what ``model.model_desc.loss`` says in its place, ``trainer.loss``."""
        model, trainer = block.get_or_empty("model"), block.get_or_empty("trainer")
        desc = model.get_or_empty("model_desc")
        loss = desc.child("loss")
        if loss is None:
            return block
        model = model.with_entries({**model.entries, "model_desc": desc.without("loss")})
        block = block.with_entries({**block.entries, "model": model})
        if loss.value is None or not trainer.entries:
            return block
        if trainer.child("loss") is not None:
            self._findings.problem(loss, "trainer.loss says it too; give one of the two")
            return block
        return block.with_entries({**block.entries, "trainer": trainer.with_entries({**trainer.entries, "loss": loss})})

    def _takes(self, block: Node, pipe_step: Node) -> StepSections | None:
        """The sections of the pipe step's class; None where there is no such class."""
        if block.child("pipe_step") is None:
            self._findings.problem(block, "section 'pipe_step' is missing")
            return None
        component = self._sections.components.find(RegisterType.PIPE_STEP, pipe_step)
        if component is None:
            return None
        kind = pipe_step.get_or_empty("type")
        try:
            with describing(Register.entry(RegisterType.PIPE_STEP, kind.value, self._backend)):
                return StepSections.of(component)
        except RegistryError as error:
            self._findings.problem(kind, str(error))
            return None

    def _known(self, block: Node, takes: StepSections | None) -> Node:
        """The block without what vega knows and prunekit does not; a problem for each section that is not taken."""
        known = ("pipe_step", *SECTIONS, *(takes.own if takes else ()))
        block = without_foreign(block, "step", known, self._findings)
        other_class = takes is None and block.child("pipe_step") is not None  # which may have sections of its own
        for key in block.entries:
            if key not in known:
                if not other_class or self._findings.did_you_mean(key, known, cutoff=0.7):
                    self._findings.unknown_key(block, key, known)
            elif takes and key in SECTIONS and key not in takes.allows:
                name = block.get_or_empty("pipe_step").get_or_empty("type").value
                self._findings.problem(block.get_or_empty(key), f"{name} has no section {key!r}")
        return block

    def _pipe_step(self, block: Node, takes: StepSections | None) -> ComponentSpec:
        """Read what the step is, with the sections of its own; one without a name where it cannot be read."""
        pipe_step = block.get_or_empty("pipe_step")
        unread = ComponentSpec(RegisterType.PIPE_STEP, "", {}, pipe_step.where)
        if takes is None:
            return unread
        folder = pipe_step.child(MODELS_FOLDER)
        if folder is not None:
            check_model(_Networks, pipe_step.with_entries({MODELS_FOLDER: folder}), self._findings)
        spec = self._sections.components.read(
            RegisterType.PIPE_STEP, pipe_step.without(MODELS_FOLDER), also_known=[MODELS_FOLDER],
            beside={section: block.child(section) for section in takes.own},
        )  # fmt: skip
        return spec or unread

    def _section(self, section: str, node: Node, models_from: str | None) -> Any:
        if section == "model":
            return self._sections.model(node, brings_weights=models_from is not None)
        if section == "dataset":
            return self._sections.dataset(node)
        if section == "search_algorithm":
            return self._sections.search_algorithm(node)
        if section == "pruning":
            return self._sections.pruning(node)
        return self._sections.trainer(node)

    def _check_written(self, step: str, model: Node) -> None:
        """Record a problem where files of a step are to be read that does not come before ``step``."""
        before = self._pipeline[: self._pipeline.index(step)] if step in self._pipeline else ()
        for node in map(model.get_or_empty, ("pretrained_model_file", "pretrained_backbone_file", "model_desc_file")):
            if not isinstance(node.value, str) or not node.value.startswith(PLACEHOLDER):
                continue
            path = expanded(node.value, self._task.folder)
            if not check_can_be_there(path, node, self._findings) or path.exists():
                continue
            inside = _below(path, self._task.folder) or ()
            if inside[:1] == ("output",) and (len(inside) < 3 or inside[1] not in before):
                hint = self._findings.did_you_mean(inside[1], before) if len(inside) > 1 else ""
                self._findings.problem(node, f"no step before {step!r} writes {shown(node)}.{hint}")

    def _source(self, step: str, block: Node, searches: bool) -> tuple[str | None, Path | None]:
        """Find whose networks the step takes: those of an earlier step, or of a folder outside of this task."""
        node = block.get_or_empty("pipe_step").get_or_empty("models_folder")
        if not isinstance(node.value, str):
            if searches or self._search is None:
                return None, None
            if block.child("model"):
                text = f"a model of its own and no models_folder: the networks of {self._search!r} are not taken"
                self._findings.warn(block.get_or_empty("model"), text)
                return None, None
            return self._search, None
        folder = expanded(node.value, self._task.folder)
        if not check_can_be_there(folder, node, self._findings):
            return None, None
        inside = _below(folder, self._task.folder)
        if inside is None:
            check_exists(folder, node, self._findings)
            return None, folder
        name = inside[1] if len(inside) > 1 and inside[0] == "output" else inside[-1] if inside else ""
        if name in self._pipeline and self._pipeline.index(name) < self._pipeline.index(step):
            return name, None
        if name in self._pipeline:
            self._findings.problem(node, f"step {name!r} does not come before {step!r} in the pipeline")
        elif self._search is None:
            self._findings.problem(node, f"no step {name!r} in the pipeline, and no search step before {step!r}")
        else:
            text = f"no step {name!r} in the pipeline; the networks of {self._search!r} are taken"
            self._findings.warn(node, text)
        return self._search, None


def _below(folder: Path, task: Path) -> tuple[str, ...] | None:
    """Return the parts of ``folder`` below the task's folder, or None if it lies elsewhere."""
    absolute, base = Path(os.path.abspath(folder)), Path(os.path.abspath(task))
    return absolute.relative_to(base).parts if absolute.is_relative_to(base) else None
