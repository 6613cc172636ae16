"""What MindSpore raises, without the stack of its C++ side."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

_HINTS = {
    "StridedSliceGrad": "on a CPU MindSpore has no gradient of a slice with steps; nn.MaxPool2d(1, step) takes the same"
    " places and has one",
}
"""What to do about limits of MindSpore's own, by the operator that its message names."""

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
    """The text without the sections that MindSpore appends for its own developers, with what to do if known.

    Where it says all that it has to say in such a section (``- Kernel select failed:``), that one is taken,
    and where it says nothing else what is meant for its developers: never nothing, and never a line of dashes.
    """
    first, *sections = (part.strip() for part in _RULER.split(f"\n{text}\n"))
    titled = list(zip(sections[::2], sections[1::2], strict=False))
    told = [body for title, body in titled if "developers" not in title] + [body for _, body in titled]
    plain = first or next(filter(None, told), text.strip())
    hint = next((words for operator, words in _HINTS.items() if operator in plain), None)
    return plain if hint is None or hint in plain else f"{plain.rstrip('.')}: {hint}"
