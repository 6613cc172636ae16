"""What a line of a journal is: the search begins, a trial is asked, its result is told."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictFloat, StrictInt, StrictStr, TypeAdapter

from prunekit.core.json_file import JsonError, checked, parse_object

Number = StrictInt | StrictFloat
Amount = Annotated[Number, Field(ge=0)]
Id = Annotated[StrictInt, Field(ge=0)]


class Start(BaseModel):
    """The first line."""

    event: Literal["start"]
    format: StrictStr
    version: StrictInt


class Ask(BaseModel):
    """A trial was asked; what else it says of the trial is compared with the trial that is asked again."""

    model_config = ConfigDict(extra="allow")

    event: Literal["ask"]
    id: Id


class ToldMetric(BaseModel):
    """What the metric found on the held-out images."""

    model_config = ConfigDict(extra="forbid")

    value: Number
    error: Amount | None
    loss: Number | None
    figures: dict[StrictStr, Number]
    samples: Id


class ToldResult(BaseModel):
    """A result without what was measured."""

    model_config = ConfigDict(extra="forbid")

    status: Literal["ok", "skipped", "failed"]
    metric: ToldMetric | None
    reward: Number | None
    message: StrictStr
    reward_error: Number = 0.0


class Tell(BaseModel):
    """A trial's result was told."""

    event: Literal["tell"]
    id: Id
    result: ToldResult
    measured: dict[StrictStr, Number]


_LINE: TypeAdapter[Start | Ask | Tell] = TypeAdapter(Annotated[Start | Ask | Tell, Field(discriminator="event")])


def read_line(line: bytes) -> dict[str, Any]:
    """Return the entry that a line holds.

    Raises:
        JsonError: It holds something else.
    """
    entry = parse_object(line)
    if entry.get("event") not in ("start", "ask", "tell"):
        raise JsonError("it is no line of a journal")
    checked(_LINE, entry)
    return entry
