"""Recorded forwards: operators of a dozen neutral kinds over tensors with shapes, as a front end writes them down."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from prunekit.core.graph.attributes import Attributes
from prunekit.core.graph.kinds import Kind as Kind  # rules of other packages import it from here
from prunekit.core.graph.tracked_sizes import Compared

A_co = TypeVar("A_co", bound=Attributes, covariant=True)


NO_TENSOR = -1
"""In place of a number, for results that are not followed."""


@dataclass(frozen=True)
class Tensor:
    """A tensor of the recorded forward.

    Attributes:
        id: Its number in the graph.
        shape: Its shape.
        name: The parameter's or buffer's name, or None for an activation.
        constant: Whether the network's code made it (neither parameter nor computed from an input).
    """

    id: int
    shape: tuple[int, ...]
    name: str | None = None
    constant: bool = False


@dataclass(frozen=True)
class Operator(Generic[A_co]):
    """One recorded operator.

    Attributes:
        attributes: What operators of its kind say beside their tensors.
        name: The framework's own name for it.
        inputs: Tensor numbers, in the order that the kind asks for.
        outputs: Tensor numbers.
        module: Path of the module whose forward ran it.
        call: Its number among all calls of the operator of that name in the recorded forward.
    """

    attributes: A_co
    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    module: str = ""
    call: int = -1

    @property
    def kind(self) -> Kind:
        """What it does to channels."""
        return self.attributes.kind


@dataclass
class OperatorGraph:
    """One forward of a network.

    Attributes:
        tensors: All tensors; ``tensors[i].id == i``.
        operators: In the order of execution.
        inputs: Tensors that the caller gave.
        outputs: Tensors that the network returned, in evaluation and then in training, as far as they matter.
        output_names: The path of each (``0``, ``logits``, ``aux.0``) in what was returned.
        returned: How many of them evaluation returned.
        asked: Paths of the outputs that matter, as the user names them; empty where all do.
        parameter_shapes: Every parameter of the network, whether or not the forward read it.
        magnitudes: For each weight, L1 norms of its slices along each axis: {name: {axis: values}}.
        compared: Sizes that were compared while it ran.
        read: Tensors whose values something took, be it an operator's or the network's code.
        near_zero: Parameters that are nearly zero throughout, as some are at initialisation.
        results: For each operator that a front end saw, by its name and call number, the tensors that it returned;
            ``NO_TENSOR`` for those that are not followed.
        training_from: From which operator on the recording is one of the training forward, or None.
        calls: How often each operator had been called before that.
        dropped: What was computed with parameters that have no effect on the outputs, and used by nothing recorded.
        notes: What the front end has to say, one line each.
        owners: For parameters whose name does not say it, the module that uses them.
    """

    tensors: list[Tensor] = field(default_factory=list)
    operators: list[Operator[Attributes]] = field(default_factory=list)
    inputs: list[int] = field(default_factory=list)
    outputs: list[int] = field(default_factory=list)
    output_names: list[str] = field(default_factory=list)
    returned: int = 0
    asked: tuple[str, ...] = ()
    parameter_shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    magnitudes: dict[str, dict[int, Any]] = field(default_factory=dict)
    compared: list[Compared] = field(default_factory=list)
    read: set[int] = field(default_factory=set)
    near_zero: list[str] = field(default_factory=list)
    results: dict[tuple[str, int], tuple[int, ...]] = field(default_factory=dict)
    training_from: int | None = None
    calls: dict[str, int] = field(default_factory=dict)
    dropped: list[int] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    owners: dict[str, str] = field(default_factory=dict)

    def owner(self, parameter: str) -> str:
        """The module that a parameter belongs to."""
        return self.owners.get(parameter, parameter.rpartition(".")[0])

    def tensor(self, shape: tuple[int, ...], name: str | None = None, constant: bool = False) -> int:
        """Add a tensor and return its number."""
        self.tensors.append(Tensor(len(self.tensors), tuple(shape), name, constant))
        return len(self.tensors) - 1
