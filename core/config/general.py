"""Reads the ``general`` block: backend, device, and the task's name and folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from prunekit.core.backend_factory import DEFAULT_BACKEND, missing_framework
from prunekit.core.config.block_validation import check_model
from prunekit.core.config.component_reader import ComponentReader, ComponentSpec, check_can_be_there
from prunekit.core.config.node import Node
from prunekit.core.config.overrides import over_general
from prunekit.core.config.problems import Findings
from prunekit.core.config.unsupported_vega_keys import without_foreign
from prunekit.core.search.settings import PARALLEL_LAG
from prunekit.registry import RegisterType

_ONE_AT_A_TIME = {
    "parallel_search": "candidates are evaluated one at a time, as general.executor names nothing else;"
    f" lag is {PARALLEL_LAG} where none is given",
    "parallel_fully_train": "networks are trained one at a time for now",
}

_LONGEST_NAME = 200  # most file systems allow 255, which a file's name with a step in it must fit into too


def folder_name(name: str) -> str:
    """Return ``name`` if it can safely be the name of a folder.

    Raises:
        ValueError: It is empty, a dot, too long, or has a separator or a control character.
    """
    if not name.strip() or name in (".", "..") or any(c in "/\\:" or not c.isprintable() for c in name):
        raise ValueError(f"{name!r} cannot be the name of a folder")
    if len(name.encode()) > _LONGEST_NAME:
        raise ValueError(f"must be at most {_LONGEST_NAME} bytes long, to be the name of a folder")
    return name


class TaskConfig(BaseModel):
    """Where a run writes: ``<local_base_path>/<task_id>``.

    Attributes:
        task_id: The task's name; the time of day if not given.
        local_base_path: The folder of all tasks.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    task_id: str = Field(default_factory=lambda: datetime.now().strftime("%m%d.%H%M%S.%f")[:-3])
    local_base_path: Path = Path("./tasks")

    _folder = field_validator("task_id")(folder_name)

    @property
    def folder(self) -> Path:
        """The task's folder, for which ``{local_base_path}`` stands in paths."""
        return self.local_base_path / self.task_id


class GeneralOptions(BaseModel):
    """What holds for every step, but for its components.

    Attributes:
        backend: The framework, by its name in the registry.
        device_category: Where networks run.
        parallel_search: Candidates may be evaluated side by side: ``search_algorithm.lag`` is then 16 where none is
            given. Whether they are is the executor's choice.
        parallel_fully_train: Has no effect yet: networks are trained one at a time.
        task: Where the run writes.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    backend: str = DEFAULT_BACKEND
    device_category: Literal["CPU", "GPU", "NPU"] = "CPU"
    parallel_search: bool = False
    parallel_fully_train: bool = False
    task: TaskConfig = Field(default_factory=TaskConfig)


class GeneralConfig(GeneralOptions):
    """What holds for every step.

    Attributes:
        executor: Where candidates are evaluated; None: in the process of the search, one at a time. It changes no
            result, and may be another one when a search is gone on with.
    """

    executor: ComponentSpec | None = None


def read_general(
    block: Node, overrides: Mapping[str, Any], findings: Findings
) -> tuple[GeneralConfig | None, str | None]:
    """Read the block; values of the command line replace its own.

    Returns:
        The block, and the backend's name; None for each where ``findings`` got a problem with it.
    """
    block = over_general(block, overrides, findings)
    if block.child("task") is not None:
        task = without_foreign(block.get_or_empty("task"), "task", TaskConfig.model_fields, findings)
        block = block.with_entries({**block.entries, "task": task})
    rest = block.without("executor")
    general = check_model(GeneralOptions, rest, findings, section="general", also_known=["executor"])
    if general is not None:
        check_can_be_there(general.task.folder, block.get_or_empty("task"), findings)
    executor = block.get_or_empty("executor")
    for name, words in _ONE_AT_A_TIME.items():
        if getattr(general, name, False) and not (name == "parallel_search" and executor.value is not None):
            findings.warn(block.get_or_empty(name), words)
    backend = block.get_or_empty("backend")
    if backend.value is None:
        backend = replace(backend, value=DEFAULT_BACKEND)
    entry = ComponentReader(findings, None).find_name(RegisterType.BACKEND, backend)
    if entry is None:
        return None, None
    if missing := missing_framework(entry, offer_other=True):  # one line in place of one for each component
        findings.problem(backend, missing)
        return None, None
    reader = ComponentReader(findings, entry.name)
    spec = reader.read(RegisterType.EXECUTOR, executor) if executor.value is not None else None
    if general is None:
        return None, entry.name
    return GeneralConfig(**{**dict(general), "backend": entry.name, "executor": spec}), entry.name
