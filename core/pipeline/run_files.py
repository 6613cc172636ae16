"""Reads the JSON files of a run through models, whatever is in them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictFloat, StrictInt, StrictStr, TypeAdapter

from prunekit.core.config.general import folder_name
from prunekit.core.json_file import JsonError, checked, read_json
from prunekit.core.pipeline.errors import RunError

M = TypeVar("M", bound=BaseModel)
Name = Annotated[StrictStr, AfterValidator(folder_name)]
Number = StrictInt | StrictFloat


class _Open(BaseModel):
    model_config = ConfigDict(extra="allow")


class ResolvedFile(_Open):
    """``resolved.json``: the configuration that the task was begun with; each further key is the block of a step."""

    imports: list[StrictStr] = []
    general: dict[StrictStr, Any] = {}
    pipeline: list[Name]
    __pydantic_extra__: dict[str, dict[str, Any]] = Field(init=False)


class StepRow(_Open):
    """A step in ``reports.json``: how it ended, and for which settings (``key``, ``begun_key``) it was begun."""

    step_name: Name
    status: Literal["running", "finished", "stopped", "error"]
    key: StrictStr
    begun_key: StrictStr = ""


class NetworkRow(_Open):
    """A network that a step left."""

    worker_id: Name
    performance: dict[StrictStr, Any] = {}


class ReportsFile(_Open):
    """``reports.json``; each further key is a step, with its networks."""

    steps: list[StepRow] = Field(alias="_steps_")
    __pydantic_extra__: dict[str, list[NetworkRow]] = Field(init=False)


class ReferenceFile(_Open):
    """``latency.json`` and the like: what the measured costs of all trials refer to."""

    cost: StrictStr
    unit: StrictStr
    original: Annotated[Number, Field(gt=0)]
    original_spread: Annotated[Number, Field(ge=0)]
    smallest: Annotated[Number, Field(gt=0)]
    smallest_spread: Annotated[Number, Field(ge=0)]
    conditions: dict[StrictStr, Number]


class ComparedPerformance(_Open):
    """The figures of a network that stand in the table at the end of a run."""

    macs: Annotated[Number, Field(gt=0)]
    params: Annotated[Number, Field(gt=0)]
    activations: Annotated[Number, Field(gt=0)] | None = None


class ComparedNetwork(NetworkRow):
    """A network that is compared with others at the end of a run, and where its files are."""

    step_name: Name
    desc_file: StrictStr
    model_path: StrictStr
    objective_keys: Annotated[list[StrictStr], Field(min_length=1)]
    performance: ComparedPerformance  # type: ignore[assignment]


def read_run_file(path: Path, kind: type[M]) -> dict[str, Any]:
    """Read a JSON file that a run wrote, and check that it is what ``kind`` says.

    Raises:
        RunError: It is not, or it cannot be read; the message names the place.
    """
    try:
        found = read_json(path)
        checked(TypeAdapter(kind), found)
    except JsonError as problem:
        raise damaged(path, problem) from problem
    return found


def damaged(path: Path, problem: JsonError) -> RunError:
    """The error about a file of a run that is not what a run wrote."""
    return RunError(f"{path} is damaged ({problem}); restore it, or start a new task")
