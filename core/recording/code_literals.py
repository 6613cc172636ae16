"""Tells numbers that stand in the network's code from those that it got from somewhere else."""

from __future__ import annotations

import dis
import sys
from collections.abc import Iterator
from functools import lru_cache
from types import CodeType, FrameType, FunctionType
from typing import Any

from prunekit.core.graph import tracked_sizes
from prunekit.core.graph.tracked_sizes import Literal, SizeOrigin, SymInt, Unknown


def origin_of(value: int) -> SizeOrigin:
    """Where an integer comes from that the code which runs passes on."""
    if isinstance(value, SymInt):
        return tracked_sizes.origin_of(value)
    return literal(int(value))


def literal(value: int) -> Literal:
    """A plain integer: a literal if the code that runs says it anywhere."""
    if -1 <= value <= 1 or any({value, -value} & numbers for numbers in _numbers_of_callers()):
        return Literal(value)
    return Unknown(value)


def _numbers_of_callers() -> Iterator[frozenset[int]]:
    """The numbers in the code of each function that runs, up to what started the recording."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if not name.startswith("prunekit."):
            yield _numbers(frame.f_code)
            yield _defaults(frame)
        elif (name, frame.f_code.co_name) == ("prunekit.core.recording.recorder", "run"):
            return
        frame = frame.f_back


@lru_cache(maxsize=1024)
def _numbers(code: CodeType) -> frozenset[int]:
    loaded = (step.argval for step in dis.get_instructions(code) if step.opname.startswith("LOAD_"))
    return frozenset(number for value in loaded for number in _integers(value))


def _integers(value: Any) -> Iterator[int]:
    if type(value) is int:
        yield value
    elif isinstance(value, slice):
        yield from _integers((value.start, value.stop, value.step))
    elif isinstance(value, tuple):
        for part in value:
            yield from _integers(part)


def _defaults(frame: FrameType) -> frozenset[int]:
    """The numbers that stand as defaults in the head of the function that a frame runs."""
    code = frame.f_code
    owner = type(frame.f_locals.get(code.co_varnames[0])) if code.co_argcount else object
    for function in (frame.f_globals.get(code.co_name), getattr(owner, code.co_name, None)):
        if isinstance(function, FunctionType) and function.__code__ is code:
            values = (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values())
            return frozenset(number for value in values for number in _integers(value))
    return frozenset()
