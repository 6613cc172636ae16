"""Tells from a network's code whether it does something else in training."""

from __future__ import annotations

import dis
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
    return any(_deciding(kind, base))


def _deciding(kind: Any, base: Any) -> Iterator[FunctionType]:
    """The methods of a network's class that do."""
    framework = base.__module__.partition(".")[0]
    for one in kind.__mro__:
        if issubclass(one, base) and one.__module__.partition(".")[0] != framework:
            yield from (each for each in vars(one).values() if isinstance(each, FunctionType) and _branches(each))


@contextmanager
def mode_asked(network: Any, base: Any) -> Iterator[Callable[[], bool]]:
    """Inside the block it is seen whether what `branches_on_training` finds is reached: other attributes may forbid it.

    Args:
        network: A network that holds its mode in its ``__dict__``.
        base: As for `branches_on_training`.

    Returns:
        Tells whether the network's code asked for its mode, or may have done.
    """
    kind, seen = type(network), list[bool]()
    deciding = list(_deciding(kind, base))
    if not deciding or not all(map(_of_itself, deciding)) or "training" in vars(kind):
        yield lambda: bool(deciding)
        return
    kind.training = _Mode(network, lambda: seen.append(True))
    try:
        yield lambda: bool(seen)
    finally:
        del kind.training


class _Mode:
    """The mode of all networks of a class; tells when that of one is read."""

    def __init__(self, network: Any, told: Callable[[], None]) -> None:
        self._network, self._told = network, told

    def __get__(self, network: Any, kind: Any = None) -> Any:
        if network is None:
            raise AttributeError("training")
        if network is self._network:
            self._told()
        return network.__dict__["training"]

    def __set__(self, network: Any, mode: Any) -> None:
        network.__dict__["training"] = mode


def _of_itself(method: FunctionType) -> bool:
    """Whether it asks for no mode but that of its first argument."""
    before = None
    for instruction in dis.get_instructions(method):
        if instruction.argval == "training" and instruction.opname in ("LOAD_ATTR", "LOAD_METHOD"):
            if before is None or not before.opname.startswith("LOAD_FAST"):
                return False
            if before.argval != method.__code__.co_varnames[0]:
                return False
        if instruction.opname not in _BETWEEN:
            before = instruction
    return True


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
