"""Describes a network's inputs by shapes and types, as JSON values, and makes such inputs again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from pydantic import ValidationError

from prunekit.core.data.contract import Inputs
from prunekit.core.data.example_inputs import InputSpec
from prunekit.core.json_file import short
from prunekit.core.pipeline.errors import DescriptionError


def spec_of(inputs: Inputs) -> Any:
    """Shapes and types of a network's inputs as JSON values; the inverse of ``arrays_of`` but for the numbers.

    Whole numbers and truth values have their bounds as well: they may be indices, or sizes.
    """
    if isinstance(inputs, Mapping):
        return {"dict": {key: spec_of(value) for key, value in inputs.items()}}
    if isinstance(inputs, (list, tuple)):
        return {"list" if isinstance(inputs, list) else "tuple": [spec_of(value) for value in inputs]}
    spec = {"shape": list(inputs.shape), "dtype": str(inputs.dtype)}
    if inputs.dtype.kind not in "iub" or not inputs.size:
        return spec
    return {**spec, "low": int(inputs.min()), "high": int(inputs.max()) + 1}


def arrays_of(spec: Any, samples: int = 1) -> Inputs:
    """Inputs of the given shapes and types: seeded numbers, ``samples`` times as many samples as described.

    Raises:
        DescriptionError: ``spec`` is not what ``spec_of`` returns.
    """
    try:
        return _arrays(spec, np.random.default_rng(0), samples, next(_sizes(spec), None))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as problem:
        reason = problem.errors()[0]["msg"] if isinstance(problem, ValidationError) else short(problem)
        raise DescriptionError(f"{short(spec)} does not describe the inputs of a network: {reason}") from problem


def _arrays(spec: Any, rng: np.random.Generator, samples: int, lead: int | None) -> Inputs:
    """``lead`` samples are described; whatever has so many along its first axis gets ``samples`` times as many."""
    if "dict" in spec:
        return {key: _arrays(value, rng, samples, lead) for key, value in spec["dict"].items()}
    if "tuple" in spec:
        return tuple(_arrays(value, rng, samples, lead) for value in spec["tuple"])
    if "list" in spec:
        times = samples if len(spec["list"]) == lead else 1
        return [_arrays(value, rng, 1, None) for _ in range(times) for value in spec["list"]]
    shape = list(spec["shape"])
    if shape and shape[0] == lead:
        shape[0] *= samples
    return InputSpec.model_validate({"low": 0, "high": 1, **spec, "shape": shape}).array(rng)


def _sizes(spec: Any) -> Iterator[int]:
    """The first axes of what is described, in their order; of a list its length."""
    if "dict" in spec or "tuple" in spec:
        for value in spec["dict"].values() if "dict" in spec else spec["tuple"]:
            yield from _sizes(value)
    elif "list" in spec:
        yield len(spec["list"])
    elif spec["shape"]:
        yield spec["shape"][0]
