"""What a ``desc_<id>.json`` holds."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, StrictInt, StrictStr, TypeAdapter

from prunekit.core.pruning.plan_file import PlanFile


def _printable(name: str) -> str:
    if not name.isprintable():
        raise ValueError("must be a name without control characters")
    return name


Name = Annotated[StrictStr, AfterValidator(_printable)]


def _with_type(network: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(network.get("type"), str):
        raise ValueError("must have the network's name as its type")
    _printable(network["type"])
    return network


class DescriptionFile(BaseModel):
    """A description as ``Description.to_json`` writes it; later versions may add keys."""

    network: Annotated[dict[StrictStr, Any], AfterValidator(_with_type)]
    backend: Name
    inputs: dict[StrictStr, Any]
    weights: Name
    layers: list[dict[StrictStr, Any]]
    plan: PlanFile | None
    ignore: list[StrictStr]
    frozen: list[tuple[StrictInt, StrictStr]]
    whole_parts: list[StrictStr] = []
    outputs: list[StrictStr] = []
    custom: dict[StrictStr, Literal["convolution", "normalization"]] = {}
    imports: list[Name]
    pack: Name | None


DESCRIPTION: TypeAdapter[DescriptionFile] = TypeAdapter(DescriptionFile)
