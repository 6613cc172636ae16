"""Imports a library of networks, and says in a line what is missing."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Sequence
from types import ModuleType
from typing import Any

from prunekit.model_zoo.zoos import operators
from prunekit.registry import BrokenEntryError, UnknownNameError, did_you_mean


def library(name: str) -> ModuleType:
    """Import ``timm`` or ``torchvision``, also beside a build of torch for which torchvision's operators are missing.

    Raises:
        BrokenEntryError: It is not installed, or cannot be imported.
    """
    try:
        try:
            importlib.import_module("torchvision")  # timm needs it too
        except RuntimeError as problem:
            if not operators.missing(problem):
                raise
            operators.define()
            importlib.import_module("torchvision")
            operators.use()
        return importlib.import_module(name)
    except ModuleNotFoundError as problem:
        if problem.name not in ("timm", "torchvision"):
            raise
        raise BrokenEntryError(
            f"the networks {name}:NAME need {problem.name}, which is not installed: pip install {name}"
        ) from problem


def known(module: ModuleType, name: str, names: Iterable[str]) -> None:
    """Check that a library has a model.

    Raises:
        UnknownNameError: It has none of that name; the message has the nearest ones.
    """
    names = set(names)
    if name not in names:
        hint = did_you_mean(name, names) or f" It has {len(names)} others."
        made_by = f"{module.__name__} {getattr(module, '__version__', '')}".strip()
        raise UnknownNameError(f"{made_by} has no model {name!r}.{hint}")


def without_weights(parameters: dict[str, Any], keys: Sequence[str]) -> None:
    """Take parameters out that would download trained weights or unpickle them, which a reload could not do again.

    Raises:
        ValueError: One of them asks for weights.
    """
    for key in keys:
        if parameters.pop(key, None):
            raise ValueError(
                f"{key}: networks are made with random weights here; write the trained ones to a .safetensors file"
                " and name it by pretrained_model_file"
            )
