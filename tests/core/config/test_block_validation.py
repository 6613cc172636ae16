"""Pydantic's errors in the words of a yml's user: by the errors' types, whatever pydantic says itself."""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple
from uuid import UUID

import pytest
from pydantic import (
    AfterValidator,
    AnyUrl,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    FutureDatetime,
    Tag,
    ValidationError,
    create_model,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from prunekit.core.config.pydantic_errors import explain


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Plain: ...


class Model(BaseModel):
    size: int


class Flip(BaseModel):
    type: Literal["Flip"]


class Scale(BaseModel):
    type: Literal["Scale"]


@dataclass
class Crop:
    size: int


class Pair(NamedTuple):
    x: int
    y: int


def _raises(error: Exception) -> AfterValidator:
    def check(_: object) -> None:
        raise error

    return AfterValidator(check)


BY_KEY = Annotated[Flip | Scale, Field(discriminator="type")]
BY_FUNCTION = Annotated[Annotated[Flip, Tag("a")] | Annotated[Scale, Tag("b")], Discriminator(lambda value: value)]


@pytest.mark.parametrize(
    ("annotation", "value", "kind", "sentence"),
    [
        (Model, {}, "missing", "is missing"),
        (None, 3, "none_required", "must be None"),
        (int, [], "int_type", "must be a whole number"),
        (int, "x", "int_parsing", "must be a whole number"),
        (int, 1.5, "int_from_float", "must be a whole number"),
        (float, {}, "float_type", "must be a number"),
        (float, "fast", "float_parsing", "must be a number"),
        (Decimal, "x", "decimal_parsing", "must be a valid decimal"),
        (complex, [], "complex_type", "must be a complex number"),
        (Annotated[float, Field(allow_inf_nan=False)], float("nan"), "finite_number", "must be a finite number"),
        (Annotated[int, Field(gt=0)], 0, "greater_than", "must be greater than 0"),
        (Annotated[float, Field(gt=0)], 0, "greater_than", "must be greater than 0"),
        (Annotated[float, Field(ge=0.5)], 0, "greater_than_equal", "must be greater than or equal to 0.5"),
        (Annotated[float, Field(lt=1e-8)], 1, "less_than", "must be less than 0.00000001"),
        (Annotated[float, Field(lt=1e6)], 1e7, "less_than", "must be less than 1000000"),
        (Annotated[int, Field(le=-10)], 1, "less_than_equal", "must be less than or equal to -10"),
        (Annotated[int, Field(multiple_of=8)], 1, "multiple_of", "must be a multiple of 8"),
        (bool, [], "bool_type", "must be True or False"),
        (bool, "perhaps", "bool_parsing", "must be True or False"),
        (str, 3, "string_type", "must be text"),
        (bytes, 3, "bytes_type", "must be a valid bytes"),
        (Path, 3, "path_type", "must be a path"),
        (Literal["a", "b"], "c", "literal_error", "must be 'a' or 'b'"),
        (Literal["a", 3], "c", "literal_error", "must be 'a' or 3"),
        (Colour, "green", "enum", "must be 'red' or 'blue'"),
        (Callable[[int], int], 3, "callable_type", "must be callable"),
        (Plain, 3, "is_instance_of", "must be an instance of Plain"),
        (type[Plain], int, "is_subclass_of", "must be a subclass of Plain"),
        (AnyUrl, "x", "url_parsing", "must be a valid URL, relative URL without a base"),
        (date, [], "date_type", "must be a valid date"),
        (datetime, [], "datetime_type", "must be a valid datetime"),
        (datetime, "2020-13-01", "datetime_from_date_parsing",
         "must be a valid datetime or date, month value is outside expected range of 1-12"),
        (FutureDatetime, datetime(2000, 1, 1), "datetime_future", "must be in the future"),
        (time, [], "time_type", "must be a valid time"),
        (timedelta, [], "time_delta_type", "must be a valid timedelta"),
        (list[int], 3, "list_type", "must be a list"),
        (tuple[int, ...], 3, "tuple_type", "must be a list"),
        (set[int], 3, "set_type", "must be a list"),
        (frozenset[int], 3, "frozen_set_type", "must be a valid frozenset"),
        (deque[int], 3, "deque_type", "must be a valid deque"),
        (Iterable[int], 3, "iterable_type", "must be iterable"),
        (Annotated[list[int], Field(min_length=1)], [], "too_short", "is empty"),
        (Annotated[dict[str, int], Field(min_length=1)], {}, "too_short", "is empty"),
        (dict[str, int], 3, "dict_type", "must be a block of keys"),
        (Model, 3, "model_type", "must be a block of keys"),
        (Crop, 3, "dataclass_type", "must be a block of keys"),
        (Pair, 3, "named_tuple_type", "must be a tuple, list, dictionary or an instance of Pair"),
        (BY_KEY, {"type": "Flap"}, "union_tag_invalid", "no type 'Flap'; there are 'Flip', 'Scale'"),
        (BY_KEY, {}, "union_tag_not_found", "'type' is missing"),
        (Annotated[int, _raises(ValueError("3 is odd, input is bad"))], 3, "value_error", "3 is odd, input is bad"),
        (Annotated[int, _raises(AssertionError("must be even"))], 3, "assertion_error", "must be even"),
    ],
)  # fmt: skip
def test_a_sentence_for_each_type(annotation: Any, value: Any, kind: str, sentence: str) -> None:
    assert explain(_error(annotation, value, kind)) == sentence


@pytest.mark.parametrize(
    ("annotation", "value", "kind"),
    [
        (int, "9" * 5000, "int_parsing_size"),
        (Annotated[str, Field(min_length=3)], "x", "string_too_short"),
        (Annotated[str, Field(pattern="^a$")], "x", "string_pattern_mismatch"),
        (Annotated[list[int], Field(min_length=2)], [], "too_short"),
        (Annotated[list[int], Field(min_length=2)], [1], "too_short"),
        (Annotated[list[int], Field(max_length=1)], [1, 2], "too_long"),
        (UUID, 3, "uuid_type"),
        (BY_FUNCTION, "c", "union_tag_invalid"),
        (BY_FUNCTION, None, "union_tag_not_found"),
        (Annotated[int, _raises(PydanticCustomError("odd", "3 is odd"))], 3, "odd"),
        (Annotated[int, _raises(PydanticCustomError("value_error", "3 is odd"))], 3, "value_error"),
        (Annotated[int, _raises(PydanticCustomError("greater_than", "above {n}", {"n": 3}))], 3, "greater_than"),
        (Annotated[int, _raises(PydanticCustomError("too_short", "3 is short"))], 3, "too_short"),
        (Annotated[int, _raises(PydanticCustomError("union_tag_invalid", "no 3"))], 3, "union_tag_invalid"),
    ],
)
def test_what_has_no_sentence_is_said_as_pydantic_says_it(annotation: Any, value: Any, kind: str) -> None:
    error = _error(annotation, value, kind)
    assert explain(error) == error["msg"]


def _error(annotation: Any, value: Any, kind: str) -> ErrorDetails:
    model = create_model("Probe", __config__=ConfigDict(arbitrary_types_allowed=True), it=(annotation, ...))
    with pytest.raises(ValidationError) as caught:
        model.model_validate({"it": value})
    (error,) = caught.value.errors(include_url=False)
    assert error["type"] == kind
    return error
