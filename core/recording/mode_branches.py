"""Tells from a network's code whether it does something else in training."""

from __future__ import annotations

import dis
from types import FunctionType
from typing import Any

_BETWEEN = ("CACHE", "COPY", "EXTENDED_ARG", "NOP", "TO_BOOL", "UNARY_NOT")
"""What may stand between a value and the branch that it decides."""


def branches_on_training(kind: Any, base: Any) -> bool:
    """Whether a method of a network's class decides something by ``self.training``, other than what it passes on.

    Args:
        kind: The network's class.
        base: The framework's class of all networks; those of the framework's own return the same in both modes.
    """
    framework = base.__module__.partition(".")[0]
    own = [one for one in kind.__mro__ if issubclass(one, base) and one.__module__.partition(".")[0] != framework]
    return any(_branches(method) for one in own for method in vars(one).values() if isinstance(method, FunctionType))


def _branches(method: FunctionType) -> bool:
    if "training" not in method.__code__.co_names:
        return False
    read = False
    for instruction in dis.get_instructions(method):
        if read and "JUMP" in instruction.opname:
            return True
        if instruction.opname not in _BETWEEN:
            read = instruction.opname == "LOAD_ATTR" and instruction.argval == "training"
    return False
