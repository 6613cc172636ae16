"""What MindSpore raises, without the stack of its C++ side."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

_RULER = re.compile(r"\n+-{20,}\n")


@contextmanager
def plainly() -> Iterator[None]:
    """Inside the block exceptions keep their class, and of their text what is meant for who wrote the network."""
    try:
        yield
    except Exception as problem:
        if len(problem.args) == 1 and isinstance(problem.args[0], str):
            problem.args = (without_stack(problem.args[0]),)
        raise


def without_stack(text: str) -> str:
    """The text up to the first section that MindSpore appends for its own developers."""
    return _RULER.split(text, maxsplit=1)[0].strip()
