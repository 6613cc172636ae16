"""Explains pydantic's errors to the person who edits the yml: one sentence for each type of error."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic_core import ErrorDetails

_LIST, _BLOCK, _TEXT = "must be a list", "must be a block of keys", "must be text"
_WHOLE, _NUMBER, _TRUTH = "must be a whole number", "must be a number", "must be True or False"

# Fields in braces are those of the error's context, see https://docs.pydantic.dev/latest/errors/validation_errors.
_SENTENCES = {
    "invalid_key": "the key must be text",
    "missing": "is missing",
    "missing_argument": "is missing",
    "missing_keyword_only_argument": "is missing",
    "missing_positional_only_argument": "is missing",
    "none_required": "must be None",
    # numbers
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "decimal_parsing": "must be a valid decimal",
    "complex_type": "must be a complex number",
    "finite_number": "must be a finite number",
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be greater than or equal to {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be less than or equal to {le}",
    "multiple_of": "must be a multiple of {multiple_of}",
    # other single values
    "bool_type": _TRUTH,
    "bool_parsing": _TRUTH,
    "string_type": _TEXT,
    "string_unicode": _TEXT,
    "bytes_type": "must be a valid bytes",
    "path_type": "must be a path",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
    "callable_type": "must be callable",
    "is_instance_of": "must be an instance of {class}",
    "is_subclass_of": "must be a subclass of {class}",
    "url_parsing": "must be a valid URL, {error}",
    "uuid_parsing": "must be a valid UUID, {error}",
    # dates and times
    "date_type": "must be a valid date",
    "date_parsing": "must be a valid date in the format YYYY-MM-DD, {error}",
    "date_from_datetime_parsing": "must be a valid date or datetime, {error}",
    "time_type": "must be a valid time",
    "time_parsing": "must be in a valid time format, {error}",
    "datetime_type": "must be a valid datetime",
    "datetime_parsing": "must be a valid datetime, {error}",
    "datetime_from_date_parsing": "must be a valid datetime or date, {error}",
    "datetime_past": "must be in the past",
    "datetime_future": "must be in the future",
    "time_delta_type": "must be a valid timedelta",
    "time_delta_parsing": "must be a valid timedelta, {error}",
    # lists and blocks
    "list_type": _LIST,
    "tuple_type": _LIST,
    "set_type": _LIST,
    "frozen_set_type": "must be a valid frozenset",
    "deque_type": "must be a valid deque",
    "iterable_type": "must be iterable",
    "dict_type": _BLOCK,
    "model_type": _BLOCK,
    "model_attributes_type": _BLOCK,
    "dataclass_type": _BLOCK,
    "dataclass_exact_type": "must be an instance of {class_name}",
    "named_tuple_type": "must be a tuple, list, dictionary or an instance of {class_name}",
    "frozen_dict_type": "must be a valid frozendict",
    "ordered_dict_type": "must be a valid OrderedDict",
    "counter_type": "must be a valid Counter",
    "mapping_type": "must be a valid mapping, error: {error}",
    # alternatives that a key chooses among, and what validators raise
    "union_tag_invalid": "no {discriminator} '{tag}'; there are {expected_tags}",
    "union_tag_not_found": "'{discriminator}' is missing",
    "value_error": "{error}",
    "assertion_error": "{error}",
}


def explain(error: ErrorDetails) -> str:
    """Return what is wrong with a value, or pydantic's own message where the table has no sentence for the error.

    A sentence that begins with ``must be`` says what the value has to be; a caller may add what it is.
    """
    kind, context = error["type"], error.get("ctx", {})
    if kind == "too_short" and (context.get("min_length"), context.get("actual_length")) == (1, 0):
        return "is empty"
    if kind.startswith("union_tag_") and not _key(context.get("discriminator", "")).isidentifier():
        return error["msg"]  # no single key chooses among the alternatives
    try:
        return _SENTENCES[kind].format(**{name: _written(name, value) for name, value in context.items()})
    except KeyError:  # the type is not in the table, or a validator's own error has its name and another context
        return error["msg"]


def _key(discriminator: str) -> str:
    return discriminator.strip("'")


def _written(name: str, value: Any) -> Any:
    """A part of the context as pydantic writes it; keys without their quotes."""
    if isinstance(value, float):
        return np.format_float_positional(value, trim="-")
    return _key(value) if name == "discriminator" else value
