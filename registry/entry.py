"""An entry of the registry: what a component is and where it lives, known without importing it."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from pathlib import Path

from prunekit.registry.errors import one_line


class RegisterType(str, enum.Enum):
    """The kinds of component that can be named: by a yml's ``type:``; exporters by a command."""

    BACKEND = "backend"
    NETWORK = "network"
    DATASET = "dataset"
    TRAINER = "trainer"
    METRIC = "metric"
    REWARD = "reward"
    IMPORTANCE = "importance"
    SEARCH_ALGORITHM = "search_algorithm"
    COST_ESTIMATOR = "cost_estimator"
    EXECUTOR = "executor"
    EXPORTER = "exporter"
    PIPE_STEP = "pipe_step"
    OPERATOR_RULE = "operator_rule"  # what an operator of a framework does to channels, where prunekit has no rule

    @property
    def words(self) -> str:
        """The type as it reads in a sentence."""
        return self.value.replace("_", " ")


@dataclass(frozen=True)
class Entry:
    """A declared component.

    Attributes:
        type: The kind of component.
        name: The name that a yml uses.
        backend: The backend it belongs to, or None if it works with any.
        target: ``"package.module:Class"``.
        aliases: Further names for the same component.
        distribution: The distribution that brings it; None for a module of the user's own.
        version: That distribution's version.
        framework: For backends: the top-level package whose classes it handles.
        file: The file of a module that no import path leads to.
        rest: Of a zoo's entry the model that was asked for; then ``name`` is that of the model, ``zoo:model``.
    """

    type: RegisterType
    name: str
    backend: str | None
    target: str
    aliases: tuple[str, ...] = ()
    distribution: str | None = None
    version: str | None = None
    framework: str | None = None
    file: Path | None = None
    rest: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The name and its aliases."""
        return (self.name, *self.aliases)

    @property
    def open(self) -> bool:
        """Whether the name ends with a colon: it stands for a whole zoo, whose models are ``zoo:model``."""
        return self.name.endswith(":")

    @property
    def module(self) -> str:
        """The module to import."""
        return self.target.partition(":")[0]

    @property
    def origin(self) -> str:
        """Who brings it: ``distribution version``, or the module of a user's own class."""
        return one_line(f"{self.distribution} {self.version}") if self.distribution else self.module

    def serves(self, backend: str | None) -> bool:
        """Whether the component can be used with ``backend`` (None asks for any)."""
        return backend is None or self.backend is None or self.backend == backend


def normalized(distribution: str) -> str:
    """The one spelling of a distribution's name (PEP 503): ``My_Pack`` is ``my-pack``."""
    return re.sub(r"[-_.]+", "-", distribution).lower()
