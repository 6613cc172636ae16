"""What values the parameters of YOLOv5 can have."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

Share = Annotated[float, Field(ge=0, le=1)]
Most = Annotated[int, Field(ge=1)]
Gain = Annotated[float, Field(ge=0)]
