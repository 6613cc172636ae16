"""What a front end records: one real forward as operators of a dozen neutral kinds over tensors with shapes."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Any


class Kind(str, enum.Enum):
    """What an operator does to channels. The attributes that each kind carries stand behind it.

    A front end maps every operator of its framework to one of these; what it does not know is ``OPAQUE``.
    """

    CONVOLUTION = "convolution"  # inputs x, weight[, bias]; groups, transposed
    LINEAR = "linear"  # inputs x, weight[, bias]: last axis of x with the first of the (transposed) weight
    MATMUL = "matmul"  # inputs a, b: two activations, last axis of a with the last but one of b
    NORMALIZATION = "normalization"  # inputs x, then per-channel tensors; axis (None: the last ones), pooled: axes
    # over which it takes statistics, groups: into how many parts it divides axis, mean: tensor of running means
    ELEMENTWISE = "elementwise"  # any inputs, broadcast against each other
    CONCAT = "concat"  # axis
    SPLIT = "split"  # axis, sizes, drop: whether the axis disappears (unbind), open: the last takes what is left
    SLICE = "slice"  # axis, start, stop, step, drop
    WRITE = "write"  # inputs base, part: part takes the place of a slice of base; axis, start, stop, step
    LIKE = "like"  # a new tensor without values from x; axes along which it has x's sizes
    PAD = "pad"  # pads: (before, after) for every axis, constant: whether they hold a constant
    RESHAPE = "reshape"
    PERMUTE = "permute"  # order
    EXPAND = "expand"
    REDUCE = "reduce"  # axes, keepdim, over: "sum" (a zero that is gone changes nothing), "statistic" (a mean: taken
    # over what is there), or "values" (anything else)
    POOL = "pool"  # axes along which positions are mixed; the others pass through
    OPAQUE = "opaque"  # reason


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
class Operator:
    """One recorded operator.

    Attributes:
        kind: What it does to channels.
        name: The framework's own name for it.
        inputs: Tensor numbers, in the order that the kind asks for.
        outputs: Tensor numbers.
        attributes: What the kind asks for.
        module: Path of the module whose forward ran it.
    """

    kind: Kind
    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    attributes: dict[str, Any] = field(default_factory=dict)
    module: str = ""


@dataclass
class OperatorGraph:
    """One forward of a network.

    Attributes:
        tensors: All tensors; ``tensors[i].id == i``.
        operators: In the order of execution.
        inputs: Tensors that the caller gave.
        outputs: Tensors that the network returned.
        parameter_shapes: Every parameter of the network, whether or not the forward read it.
        magnitudes: For each weight, L1 norms of its slices along each axis: {name: {axis: values}}.
    """

    tensors: list[Tensor] = field(default_factory=list)
    operators: list[Operator] = field(default_factory=list)
    inputs: list[int] = field(default_factory=list)
    outputs: list[int] = field(default_factory=list)
    parameter_shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    magnitudes: dict[str, dict[int, Any]] = field(default_factory=dict)

    def tensor(self, shape: tuple[int, ...], name: str | None = None, constant: bool = False) -> int:
        """Add a tensor and return its number."""
        self.tensors.append(Tensor(len(self.tensors), tuple(shape), name, constant))
        return len(self.tensors) - 1
