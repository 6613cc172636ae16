"""One line of the registry: what a component is and where it lives, without importing it."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class RegisterType(str, enum.Enum):
    """The kinds of component that a yml can name by ``type:``."""

    BACKEND = "backend"
    NETWORK = "network"
    DATASET = "dataset"
    TRAINER = "trainer"
    METRIC = "metric"
    REWARD = "reward"
    IMPORTANCE = "importance"
    SEARCH_ALGORITHM = "search_algorithm"
    COST_ESTIMATOR = "cost_estimator"
    PIPE_STEP = "pipe_step"

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
        origin: The distribution that declared it, or the module whose decorator did.
        framework: For backends: the top-level package whose classes it handles.
    """

    type: RegisterType
    name: str
    backend: str | None
    target: str
    aliases: tuple[str, ...] = ()
    origin: str = ""
    framework: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The name and its aliases."""
        return (self.name, *self.aliases)

    @property
    def module(self) -> str:
        """The module to import."""
        return self.target.partition(":")[0]

    def serves(self, backend: str | None) -> bool:
        """Whether the component can be used with ``backend`` (None asks for any)."""
        return backend is None or self.backend is None or self.backend == backend
