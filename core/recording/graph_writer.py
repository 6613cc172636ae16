"""Writes the operator graph of a forward: numbers its tensors and appends its operators."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from prunekit.core.data.nested import CONTAINERS, leaves
from prunekit.core.graph.attributes import Attributes, attributes_of
from prunekit.core.graph.kinds import Kind
from prunekit.core.graph.operators import Operator, OperatorGraph
from prunekit.core.recording.api_call import ApiCallTracker


class GraphWriter(ABC):
    """Follows tensors by identity: parameters by name, everything else by the operator that made it.

    Args:
        tracker: As the attribute.

    Attributes:
        graph: What has been written.
        tracker: Knows which function the network's code called last.
        norm_parts: Names of the vectors of the framework's normalizations.
        groups_key: Name of the number of groups in its convolutions.
    """

    norm_parts: ClassVar[tuple[str, ...]]
    groups_key: ClassVar[str] = "groups"

    def __init__(self, tracker: ApiCallTracker) -> None:
        self.graph, self.tracker = OperatorGraph(), tracker
        self._path: list[str] = []
        self._calls = Counter[str]()

    @abstractmethod
    def is_tensor(self, value: Any) -> bool:
        """Whether a value is one of the framework's tensors."""

    @abstractmethod
    def known(self, tensor: Any) -> int | None:
        """The number that a tensor was given, or None."""

    @abstractmethod
    def give(self, tensor: Any, number: int) -> None:
        """Give a tensor a number, in place of one that it has."""

    @abstractmethod
    def name_of(self, tensor: Any) -> str | None:
        """The name of a parameter or of anything else that the network holds; None for other tensors."""

    @property
    def place(self) -> str:
        """Path of the module whose forward runs."""
        return self._path[-1] if self._path else ""

    def tensors_in(self, value: Any, containers: tuple[type[Any], ...] = CONTAINERS) -> Iterator[Any]:
        """All tensors in a network's inputs or outputs; of an operator's ``containers`` are those built in."""
        return filter(self.is_tensor, leaves(value, containers))

    def followed(self, tensor: Any) -> int | None:
        """The number of a tensor that is followed, or None."""
        number = self.known(tensor)
        return self.number(tensor) if number is None and self.name_of(tensor) is not None else number

    def number(self, tensor: Any) -> int:
        """The tensor's number in the graph; one that is met for the first time is a parameter or a constant."""
        number = self.known(tensor)
        if number is None:
            shape = tuple(tensor.shape)  # where the tracker watches, this alone numbers what the network holds
            number = self.known(tensor)
        if number is None:
            name = self.name_of(tensor)
            number = self.graph.tensor(shape, name, constant=name is None)
            self.give(tensor, number)
        return number

    def fresh(self, tensor: Any) -> int:
        """A new number for an operator's result, also where it is an input that was written in place."""
        number = self.graph.tensor(tuple(tensor.shape))
        self.give(tensor, number)
        return number

    def add(self, attributes: Attributes | Kind, name: str, inputs: Sequence[int], outputs: Sequence[int]) -> None:
        """Append one operator.

        Args:
            attributes: Its kind by the attributes of that kind; the kind itself stands for those with all defaults.
            name: The framework's own name for it.
            inputs: Tensor numbers, in the order that the kind asks for.
            outputs: Tensor numbers.

        Raises:
            TypeError: A kind was given that has attributes without a default.
        """
        found, call = attributes_of(attributes), self._calls[name] - 1
        self.graph.operators.append(Operator(found, name, tuple(inputs), tuple(outputs), self.place, call))
