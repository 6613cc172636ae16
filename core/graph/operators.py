"""What a front end records: one real forward as operators of a dozen neutral kinds over tensors with shapes."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Any

from prunekit.core.graph.sizes import SizeOrigin


class Kind(str, enum.Enum):
    """What an operator does to channels. The attributes that each kind carries stand behind it.

    A front end maps every operator of its framework to one of these; what it does not know is ``OPAQUE``. ``origin``
    and ``origins`` say where sizes that the network's code passed come from (`prunekit.core.graph.sizes`); None, or no
    such attribute: the framework computed them.
    """

    CONVOLUTION = "convolution"  # inputs x, weight[, bias]; groups, transposed, origin of groups, single: axes along
    # which the kernel sees one position at a time
    LINEAR = "linear"  # inputs x, weight[, bias]: last axis of x with the first of the (transposed) weight
    MATMUL = "matmul"  # inputs a, b: two activations, last axis of a with the last but one of b; implicit_scale: the
    # power of that axis' size by which the framework multiplies a
    NORMALIZATION = "normalization"  # inputs x, then per-channel tensors; axis (None: the last ones), pooled: axes
    # over which it takes statistics, groups: into how many parts it divides axis, origin of groups, mean: tensor of
    # running means, origins of the sizes of the last axes
    ELEMENTWISE = "elementwise"  # any inputs, broadcast against each other; scaled: (origin, exponent) of a factor,
    # does: "copy", "sum", "difference" (a term is subtracted) or "product" (or quotient), where it is one of these
    CONCAT = "concat"  # axis
    SPLIT = "split"  # axis, sizes, drop: whether the axis disappears (unbind), origins: of every size, or of one for
    # all
    SLICE = "slice"  # axis, start, stop, step, drop, start_origin, stop_origin, from_end: which bounds count from there
    INDEX = "index"  # moved: {axis of x: axis of the result} of the axes along which nothing is looked up
    WRITE = "write"  # inputs base, part: part takes the place of a slice of base; axis, start, stop, step
    CREATE = "create"  # no inputs; origins, ordered: whether places differ in value
    PAD = "pad"  # pads: (before, after) for every axis, constant: whether they hold a constant
    RESHAPE = "reshape"  # origins
    PERMUTE = "permute"  # order
    EXPAND = "expand"  # origins
    REDUCE = "reduce"  # axes, keepdim, over: "sum", "mean" or "extreme", which can leave places out, or "values";
    # origins of the sizes of the last axes
    POOL = "pool"  # axes along which positions are mixed, softmax: whether into shares; the others pass through
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
        call: Its number among all calls of the operator of that name in the recorded forward.
    """

    kind: Kind
    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    attributes: dict[str, Any] = field(default_factory=dict)
    module: str = ""
    call: int = -1


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
        equal: Sizes that the network's code compared and found equal.
        near_zero: Parameters that are nearly zero throughout, as some are at initialisation.
        training_from: From which operator on the recording is one of the training forward, or None.
        notes: What the front end has to say, one line each.
    """

    tensors: list[Tensor] = field(default_factory=list)
    operators: list[Operator] = field(default_factory=list)
    inputs: list[int] = field(default_factory=list)
    outputs: list[int] = field(default_factory=list)
    parameter_shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    magnitudes: dict[str, dict[int, Any]] = field(default_factory=dict)
    equal: list[tuple[SizeOrigin, SizeOrigin]] = field(default_factory=list)
    near_zero: list[str] = field(default_factory=list)
    training_from: int | None = None
    notes: list[str] = field(default_factory=list)

    def tensor(self, shape: tuple[int, ...], name: str | None = None, constant: bool = False) -> int:
        """Add a tensor and return its number."""
        self.tensors.append(Tensor(len(self.tensors), tuple(shape), name, constant))
        return len(self.tensors) - 1
