"""The ``general`` block: backend, device, and where the task lives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from prunekit.core.config.checking import check_model, shown
from prunekit.core.config.component import ComponentReader
from prunekit.core.config.node import Node
from prunekit.core.config.problems import Findings
from prunekit.registry import RegisterType

DEFAULT_BACKEND = "pytorch"
_ALIASES = {"task_id": "task.task_id"}


def folder_name(name: str) -> str:
    """Return ``name`` if a folder can safely be called so.

    Raises:
        ValueError: It is empty, a dot, or has a separator or a control character.
    """
    if not name.strip() or name in (".", "..") or any(c in "/\\:" or not c.isprintable() for c in name):
        raise ValueError(f"{name!r} cannot be the name of a folder")
    return name


class TaskConfig(BaseModel):
    """Where a run writes: ``<local_base_path>/<task_id>``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    task_id: str = Field(default_factory=lambda: datetime.now().strftime("%m%d.%H%M%S.%f")[:-3])
    local_base_path: Path = Path("./tasks")

    _folder = field_validator("task_id")(folder_name)

    @property
    def folder(self) -> Path:
        """The task's folder; what ``{local_base_path}`` stands for."""
        return self.local_base_path / self.task_id


class GeneralConfig(BaseModel):
    """What holds for every step."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    backend: str = DEFAULT_BACKEND
    device_category: Literal["CPU", "GPU", "NPU"] = "CPU"
    parallel_search: bool = False
    parallel_fully_train: bool = False
    task: TaskConfig = Field(default_factory=TaskConfig)

    @field_validator("parallel_search", "parallel_fully_train")
    @classmethod
    def _one_at_a_time(cls, wanted: bool) -> bool:
        if wanted:
            raise ValueError("True is not supported yet: candidates are evaluated one at a time for now")
        return wanted


def read_general(
    block: Node, overrides: Mapping[str, Any], findings: Findings
) -> tuple[GeneralConfig | None, str | None]:
    """Read the block with the command line's values laid over it.

    Returns:
        The block, and the backend's name by itself; None each where ``findings`` got a problem with it.
    """
    for name, value in overrides.items():
        if value is not None:
            block = _laid_over(block, _ALIASES.get(name, name).split("."), value, findings)
    general = check_model(GeneralConfig, block, findings, section="general")
    backend = block.named("backend")
    if backend.value is None:
        backend = replace(backend, value=DEFAULT_BACKEND)
    entry = ComponentReader(findings, None).find_name(RegisterType.BACKEND, backend)
    if entry is None:
        return None, None
    return general.model_copy(update={"backend": entry.name}) if general else None, entry.name


def _laid_over(block: Node, keys: list[str], value: Any, findings: Findings) -> Node:
    if not keys:
        return Node(value, "command line", None, block.path)
    if block.value is not None and not isinstance(block.value, dict):
        findings.problem(block, f"must be a block of keys, not {shown(block)}")
    inner = _laid_over(block.named(keys[0]), keys[1:], value, findings)
    return block.only({**block.entries, keys[0]: inner})
