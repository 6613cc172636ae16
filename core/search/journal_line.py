"""What a line of a journal is: the search begins, a trial is asked, lost with its worker, or its result is told."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictFloat, StrictInt, StrictStr, TypeAdapter

from prunekit.core.json_file import JsonError, checked, parse_object

FORMAT, VERSION = "prunekit.search-journal", 2
Number = StrictInt | StrictFloat
Amount = Annotated[Number, Field(ge=0)]
Id = Annotated[StrictInt, Field(ge=0)]


class _Line(BaseModel):
    """``check`` is the digest of the line and, by that of the line before it, of all that stands above."""

    model_config = ConfigDict(extra="forbid")

    check: StrictStr


class StartedBy(BaseModel):
    """A search algorithm, by its class's name, and its version: see ``SearchAlgorithm.version``."""

    model_config = ConfigDict(extra="forbid")

    name: StrictStr
    version: StrictInt


class Start(_Line):
    """The first line: what the search is, as far as its results cannot be told again otherwise."""

    event: Literal["start"]
    format: StrictStr
    version: StrictInt
    program: StrictStr
    algorithm: StartedBy
    lag: Annotated[StrictInt, Field(ge=1)]
    metric: StrictStr


class Ask(_Line):
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


class Tell(_Line):
    """A trial's result has arrived."""

    event: Literal["tell"]
    id: Id
    result: ToldResult
    measured: dict[StrictStr, Number]


class LostTrial(_Line):
    """The worker that evaluated a trial died."""

    event: Literal["lost"]
    id: Id
    message: StrictStr


_Any = Start | Ask | Tell | LostTrial
_LINE: TypeAdapter[_Any] = TypeAdapter(Annotated[_Any, Field(discriminator="event")])


def read_line(line: bytes) -> tuple[dict[str, Any], str]:
    """Return the entry that a line holds, and its check.

    Raises:
        JsonError: It holds something else.
    """
    entry = parse_object(line)
    if entry.get("event") not in ("start", "ask", "tell", "lost"):
        raise JsonError("it is no line of a journal")
    checked(_LINE, entry)
    return entry, entry.pop("check")


def write_line(entry: Mapping[str, Any], before: str) -> tuple[bytes, str]:
    """Return the line of an entry, and its check; ``before`` is the check of the line before it."""
    check = check_of(entry, before)
    return json.dumps({**entry, "check": check}, allow_nan=False).encode() + b"\n", check


def check_of(entry: Mapping[str, Any], before: str) -> str:
    """Return the check of an entry after the line whose check is ``before``."""
    text = before + json.dumps(entry, allow_nan=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
