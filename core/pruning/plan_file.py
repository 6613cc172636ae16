"""What a prune plan is on disk."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr, TypeAdapter, model_validator

Count = Annotated[StrictInt, Field(ge=0)]


class PlannedGroup(BaseModel):
    """Which units of a group stay."""

    group: Count
    units: Count
    keep: list[Count]


class PlanFile(BaseModel):
    """A plan as ``PrunePlan.to_json`` writes it; prunekit 0.1 wrote no ``layers``."""

    model_config = ConfigDict(extra="forbid")

    version: Literal[1]
    signature: StrictStr
    groups: list[PlannedGroup]
    layers: list[StrictStr] = []
    notes: list[StrictStr] = []

    @model_validator(mode="after")
    def _each_group_once(self) -> PlanFile:
        seen: set[int] = set()
        for row in self.groups:
            if row.group in seen:
                raise ValueError(f"group {row.group} is there twice")
            seen.add(row.group)
        return self


PLAN: TypeAdapter[PlanFile] = TypeAdapter(PlanFile)
