"""Which sections of a yml a pipe step's class reads: the built-in ones, and its own, parameters of its constructor."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from prunekit.core.config.signature import read_signature

SECTIONS = ("model", "dataset", "search_algorithm", "trainer", "pruning")
"""The sections that a step finds in its `StepConfig`."""

MODELS_FOLDER = "models_folder"
"""The key of every ``pipe_step`` that prunekit reads itself: whose networks the step takes."""

_RESERVED = ("type", "pipe_step", MODELS_FOLDER)


@dataclass(frozen=True)
class StepSections:
    """What a pipe step's class says of the sections beside its ``pipe_step``.

    Attributes:
        needs: Those without which it cannot run.
        allows: All that it reads, ``needs`` included.
        own: Those among them that are not built in, in the constructor's order: each is given to the constructor.
    """

    needs: frozenset[str] = frozenset()
    allows: frozenset[str] = frozenset(SECTIONS)
    own: tuple[str, ...] = ()

    @classmethod
    def of(cls, component: type) -> StepSections:
        """Read ``needs`` and ``allows`` of a class, and how its constructor takes its own sections.

        A parameter without a default is needed, whichever of the two names it.

        Raises:
            TypeError: One of the two is no collection of names.
            ValueError: The constructor does not take a section, or takes what prunekit reads itself.
        """
        needs = _names(component, "needs", ())
        allows = needs | _names(component, "allows", SECTIONS)
        signature = read_signature(component, frozenset())
        for name in _RESERVED:
            if name in signature.annotations:
                raise ValueError(f"its constructor takes {name!r}, which prunekit reads itself")
        for name in SECTIONS:
            if name in signature.annotations and name in needs | _names(component, "allows", ()):
                raise ValueError(f"its constructor takes {name!r}, a section that run finds in its step")
        own = allows.difference(SECTIONS, _RESERVED)
        if signature.catch_all is None:
            for name in sorted(own.difference(signature.annotations)):
                raise ValueError(f"{name!r} is a section of its own, but no parameter of its constructor")
        ordered = [
            *(name for name in signature.annotations if name in own),
            *sorted(own - signature.annotations.keys()),
        ]
        required = own & (signature.annotations.keys() - signature.defaults.keys())
        return cls((needs | required).difference(_RESERVED), allows.difference(_RESERVED), tuple(ordered))

    def __str__(self) -> str:
        """The sections as ``prunekit show`` names them."""
        may = ", ".join(name for name in (*SECTIONS, *self.own) if name in self.allows - self.needs)
        needed = ", ".join(name for name in (*SECTIONS, *self.own) if name in self.needs)
        return "; ".join(filter(None, (needed, may and f"may have {may}"))) or "none"


def _names(component: type, attribute: str, default: Iterable[str]) -> frozenset[str]:
    given: Any = getattr(component, attribute, default)
    if not isinstance(given, (set, frozenset, tuple, list)) or not all(isinstance(name, str) for name in given):
        raise TypeError(f"{attribute!r} must be a set of names of sections, not {given!r}")
    return frozenset(given)
