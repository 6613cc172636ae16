"""Parses ``--input 1x3x224x224`` and ``--param key=value``: inputs and parameters of a network."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from prunekit.registry import PrunekitError

TYPES = (
    "float32", "float64", "float16", "int64", "int32", "int16", "int8", "uint8", "bool",
)  # fmt: skip
_SHAPE = re.compile(r"([1-9]\d*(?:x[1-9]\d*)*)(?::(\w+))?")


def inputs_of(texts: Sequence[str]) -> Any:
    """What `prunekit.core.pipeline.input_spec.arrays_of` takes: several texts are several positional arguments.

    Args:
        texts: Each is ``1x3x224x224`` or ``1x16:int64``; several in ``[`` and ``]``, with commas between them, are one
            argument, a list.

    Raises:
        PrunekitError: One of them is something else.
    """
    specs = [_argument(text) for text in texts]
    return specs[0] if len(specs) == 1 else {"tuple": specs}


def params_of(texts: Sequence[str]) -> dict[str, Any]:
    """The values by their keys, read as a yml would.

    Raises:
        PrunekitError: One is not ``key=value``, or a key comes twice.
    """
    import yaml

    found: dict[str, Any] = {}
    for text in texts:
        key, sign, value = text.partition("=")
        if not sign or not key.isidentifier():
            raise PrunekitError(f"--param {text}: write KEY=VALUE, such as num_classes=10")
        if key in found:
            raise PrunekitError(f"--param {text}: {key} was given before")
        try:
            found[key] = yaml.safe_load(value)
        except yaml.YAMLError as problem:
            raise PrunekitError(f"--param {text}: {value!r} is no value as a yml would have it") from problem
    return found


def _argument(text: str) -> dict[str, Any]:
    if text.startswith("[") and text.endswith("]"):
        return {"list": [_array(part.strip(), text) for part in text[1:-1].split(",")]}
    return _array(text, text)


def _array(part: str, text: str) -> dict[str, Any]:
    match = _SHAPE.fullmatch(part)
    if match is None:
        raise PrunekitError(
            f"--input {text}: write the sizes with an x between them, such as 1x3x224x224, and a type after a colon"
            " where it is not float32, such as 1x16:int64"
        )
    kind = match[2] or TYPES[0]
    if kind not in TYPES:
        raise PrunekitError(f"--input {text}: no type {kind!r}; there are {', '.join(TYPES)}")
    return {"shape": [int(size) for size in match[1].split("x")], "dtype": kind}
