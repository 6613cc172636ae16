"""Tells numbers that stand in the network's code from those that it got from somewhere else."""

from __future__ import annotations

import dis
import sys
from collections.abc import Iterator, Set
from functools import lru_cache
from types import CodeType, FrameType, FunctionType
from typing import Any

from prunekit.core.graph import symbolic_integers
from prunekit.core.graph.symbolic_integers import SymInt
from prunekit.core.graph.tracked_sizes import LIBRARIES, Literal, SizeOrigin, Unknown, within


def origin_of(value: int) -> SizeOrigin:
    """Where an integer comes from that the code which runs passes on."""
    if isinstance(value, SymInt):
        return symbolic_integers.origin_of(value)
    return literal(int(value))


def literal(value: int) -> Literal:
    """A plain integer: a literal if the code that runs says it anywhere."""
    if -1 <= value <= 1 or any({value, -value} & numbers for numbers in _numbers_of_callers()):
        return Literal(value)
    return Unknown(value)


def _numbers_of_callers() -> Iterator[Set[int]]:
    """The numbers in the code of each function that runs, up to what started the recording."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if not within(name, LIBRARIES):
            yield _numbers(frame.f_code)
            yield from _numbers_nearby(frame)
        elif (name, frame.f_code.co_name) == ("prunekit.core.recording.recorder", "run"):
            return
        frame = frame.f_back


def _numbers_nearby(frame: FrameType) -> Iterator[Set[int]]:
    """Defaults of the function that a frame runs; constants of its module and numbers in functions that it names."""
    code = frame.f_code
    owner = frame.f_locals.get(code.co_varnames[0]) if code.co_argcount else None
    for name in (code.co_name, *code.co_names):
        for found in (
            frame.f_globals.get(name),
            getattr(owner, "__dict__", {}).get(name),
            getattr(type(owner), name, None),
        ):
            if isinstance(found, FunctionType):
                defaults = (*(found.__defaults__ or ()), *(found.__kwdefaults__ or {}).values())
                yield _numbers(found.__code__) | set(_integers(defaults))
        yield set(_integers(frame.f_globals.get(name)))


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
