"""What a network is called with where no data is: arrays by shape and type, filled with seeded numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Discriminator, Field, NonNegativeInt, Tag, model_validator

from prunekit.core.data.batch_size import ARGUMENTS, sample_counts
from prunekit.core.data.contract import DataError, Inputs
from prunekit.core.data.nested import map_leaves

_MOST = 1 << 28  # numbers in one array: 2 GiB as they are drawn

_Type: TypeAlias = Literal[
    "float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool"
]  # fmt: skip


class InputSpec(BaseModel):
    """One array: its shape, its type, and where its numbers lie.

    Attributes:
        shape: Its shape, the axis of the samples included.
        dtype: Its type, by NumPy's name.
        low: The smallest number.
        high: The bound that numbers stay below: 1 if not given, for truth values 2. Integers need one, such as the
            number of rows of the embedding that they choose from.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    shape: tuple[NonNegativeInt, ...]
    dtype: _Type = "float32"
    low: int | float = 0
    high: int | float | None = None

    @model_validator(mode="after")
    def _bounds_that_the_type_has(self) -> InputSpec:
        if self.high is None and self._kind in "iu":
            raise ValueError("whole numbers need a bound: say high, the number that they stay below")
        low, high = self._bounds
        if self._kind in "iub" and not (float(low).is_integer() and float(high).is_integer()):
            raise ValueError(f"low {low} and high {high} must be whole numbers for the type {self.dtype}")
        if not low < high:
            raise ValueError(f"low {low} must be below high {high}")
        least, most = _range(np.dtype(self.dtype))
        if low < least or high > most:
            raise ValueError(f"{self.dtype} has no numbers from {low} to below {high}")
        return self

    @property
    def _kind(self) -> str:
        return np.dtype(self.dtype).kind

    @property
    def _bounds(self) -> tuple[int | float, int | float]:
        return self.low, (2 if self._kind == "b" else 1) if self.high is None else self.high

    def array(self, rng: np.random.Generator) -> NDArray[Any]:
        """Numbers of ``rng``, evenly between the bounds.

        Raises:
            DataError: There is no memory for so many.
        """
        low, high = self._bounds
        try:
            if math.prod(self.shape) > _MOST:
                raise MemoryError
            if self._kind == "f":
                return np.asarray(low + (high - low) * rng.random(self.shape)).astype(self.dtype)
            return np.asarray(rng.integers(int(low), int(high), self.shape, np.dtype(self.dtype)))
        except (MemoryError, ValueError) as problem:
            raise DataError(f"no memory for inputs of the shape {list(self.shape)}") from problem


def _form(value: Any) -> str:
    """Which form an ``inputs`` block has; names stand before blocks, the keys of a single array never do."""
    if not isinstance(value, Mapping):
        return "one" if isinstance(value, InputSpec) else "several"
    return "named" if value and all(isinstance(each, (Mapping, InputSpec)) for each in value.values()) else "one"


InputsSpec: TypeAlias = Annotated[
    Annotated[InputSpec, Tag("one")]
    | Annotated[dict[str, InputSpec], Tag("named")]
    | Annotated[tuple[InputSpec, ...], Field(min_length=1), Tag("several")],
    Discriminator(_form),
]
"""What a network takes: one array, several in their order, or several by name."""


def inputs_of(spec: InputsSpec) -> Inputs:
    """The arrays that a specification describes: the same numbers every time, others for each of the arrays.

    Raises:
        DataError: There is no memory for them.
    """
    rng = np.random.default_rng(0)
    if isinstance(spec, InputSpec):
        return spec.array(rng)
    if isinstance(spec, Mapping):
        return {name: each.array(rng) for name, each in spec.items()}
    return tuple(each.array(rng) for each in spec)


def first_sample(inputs: Inputs) -> Inputs:
    """The first sample of a batch; inputs that do not all have the same number of samples are left as they are."""
    counts = set(sample_counts(inputs))
    several = len(counts) == 1 and (counts.pop() or 0) > 1
    return map_leaves(lambda argument: argument[:1], inputs, ARGUMENTS) if several else inputs


def _range(dtype: np.dtype[Any]) -> tuple[int | float, int | float]:
    """The least ``low`` and the greatest ``high`` of a type."""
    if dtype.kind == "b":
        return 0, 2
    if dtype.kind == "f":
        return float(np.finfo(dtype).min), float(np.finfo(dtype).max)
    return int(np.iinfo(dtype).min), int(np.iinfo(dtype).max) + 1
