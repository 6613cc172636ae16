"""Attributes of operators: one class for each kind, with what such an operator says beside its tensors.

They are the contract between front ends and core. ``origin`` and ``origins`` say where sizes that the network's code
passed come from (`prunekit.core.graph.tracked_sizes`); None, and no origins at all, mean that the framework computed
them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import ClassVar, Literal, TypeAlias

from prunekit.core.graph.kinds import Kind
from prunekit.core.graph.tracked_sizes import SizeOrigin

Origins: TypeAlias = "tuple[SizeOrigin | None, ...]"
Does: TypeAlias = Literal["copy", "sum", "difference", "product", "quotient"]
Over: TypeAlias = Literal["sum", "mean", "product", "extreme", "logsumexp", "rank", "values"]


@dataclass(frozen=True, kw_only=True)
class Attributes:
    """What an operator says beside its tensors.

    Attributes:
        kind: What operators with such attributes do to channels.
    """

    kind: ClassVar[Kind]


@dataclass(frozen=True, kw_only=True)
class Convolution(Attributes):
    """A convolution. Inputs: x, weight[, bias].

    Attributes:
        groups: Number of groups.
        transposed: Whether the weight holds inputs before outputs.
        stride: Its first stride.
        single: Axes of x along which the kernel sees one position at a time.
        origin: Where the number of groups comes from.
    """

    kind = Kind.CONVOLUTION
    groups: int
    transposed: bool
    stride: int = 1
    single: tuple[int, ...] = ()
    origin: SizeOrigin | None = None

    @property
    def out_axis(self) -> int:
        """The axis of the weight along which its outputs lie."""
        return int(self.transposed)


@dataclass(frozen=True, kw_only=True)
class Linear(Attributes):
    """A product with a weight [in, out]. Inputs: x, weight[, bias]; the last axis of x meets the first of the weight.

    Attributes:
        out_axis: The axis of the weight along which its outputs lie.
    """

    kind = Kind.LINEAR
    out_axis: ClassVar[int] = 1


@dataclass(frozen=True, kw_only=True)
class Matmul(Attributes):
    """A product of two activations. Inputs: a, b; the last axis of a meets the last but one of b.

    Attributes:
        implicit_scale: The power of that axis' size by which the framework multiplies a; None: by none.
        bilinear: Whether the result is a multiple of either input; distances are none.
    """

    kind = Kind.MATMUL
    implicit_scale: float | None = None
    bilinear: bool = True


@dataclass(frozen=True, kw_only=True)
class Normalization(Attributes):
    """A normalization. Inputs: x, then per-channel tensors.

    Attributes:
        axis: The axis of the channels; None: the last ones, as many as the per-channel tensors have.
        pooled: Axes over which it takes statistics.
        groups: Number of parts into which it divides ``axis``; None: it does not.
        origin: Where the number of groups comes from.
        mean: The tensor of running means, or None.
        origins: Where the sizes of the last axes come from.
    """

    kind = Kind.NORMALIZATION
    axis: int | None
    pooled: tuple[int, ...]
    groups: int | None = None
    origin: SizeOrigin | None = None
    mean: int | None = None
    origins: Origins = ()


@dataclass(frozen=True, kw_only=True)
class Elementwise(Attributes):
    """A function of each position by itself. Inputs: any, broadcast against each other.

    Attributes:
        does: "copy", "sum", "difference" (a term is subtracted), "product" or "quotient", where it is one of these.
        scaled: Origin and exponent of a size by a power of which the first input is multiplied.
        entering: Sizes, and numbers computed from them, that enter the result in any other way.
    """

    kind = Kind.ELEMENTWISE
    does: Does | None = None
    scaled: tuple[SizeOrigin, float] | None = None
    entering: tuple[SizeOrigin, ...] = ()

    @property
    def multiplies(self) -> bool:
        """Whether the result is a multiple of the first input."""
        return self.does in ("product", "quotient")


@dataclass(frozen=True, kw_only=True)
class Concat(Attributes):
    """Tensors joined along an axis. Inputs: any.

    Attributes:
        axis: The axis along which they are joined.
    """

    kind = Kind.CONCAT
    axis: int


@dataclass(frozen=True, kw_only=True)
class Split(Attributes):
    """An axis taken apart. Input: x; the outputs are its parts.

    Attributes:
        axis: The axis that is taken apart.
        sizes: The size of each part.
        drop: Whether the axis disappears (unbind).
        origins: Where every size comes from, or a single one for all.
    """

    kind = Kind.SPLIT
    axis: int
    sizes: tuple[int, ...]
    drop: bool = False
    origins: Origins = ()

    def part(self, number: int) -> Slice:
        """The slice that one of the parts is."""
        start = sum(self.sizes[:number])
        return Slice(axis=self.axis, start=start, stop=start + self.sizes[number], drop=self.drop)


@dataclass(frozen=True, kw_only=True)
class _Part(Attributes):
    """Positions along one axis, as a Python slice says them: a bound that is None is the end of the axis."""

    axis: int
    start: int | None
    stop: int | None
    step: int = 1

    @property
    def places(self) -> slice:
        """The positions."""
        return slice(self.start, self.stop, self.step)


@dataclass(frozen=True, kw_only=True)
class Slice(_Part):
    """A part of an axis. Input: x.

    Attributes:
        axis: The axis of which a part is taken.
        start: Its first position, as in a Python slice; None: the end of the axis.
        stop: The position behind its last, in the same way.
        step: Every how many positions one is taken; negative: from the end, so that -1 alone reverses the axis.
        drop: Whether the axis, of which one position is taken, disappears.
        start_origin: Where ``start``, or its distance from the end, comes from.
        stop_origin: The same of ``stop``.
        from_end: Which of the two count from the end.
    """

    kind = Kind.SLICE
    drop: bool = False
    start_origin: SizeOrigin | None = None
    stop_origin: SizeOrigin | None = None
    from_end: tuple[bool, bool] = (False, False)

    def write(self) -> Write:
        """The write that puts this part back in its place."""
        return Write(axis=self.axis, start=self.start, stop=self.stop, step=self.step)


@dataclass(frozen=True, kw_only=True)
class Index(Attributes):
    """Positions looked up. Input: x.

    Attributes:
        moved: {axis of x: axis of the result} of the axes along which nothing is looked up.
    """

    kind = Kind.INDEX
    moved: Mapping[int, int]


@dataclass(frozen=True, kw_only=True)
class Write(_Part):
    """A part put in its place. Inputs: base, part, which takes the place of a slice of base.

    Attributes:
        axis: The axis of base of which a part is replaced.
        start: As for `Slice`.
        stop: As for `Slice`.
        step: As for `Slice`.
    """

    kind = Kind.WRITE


@dataclass(frozen=True, kw_only=True)
class Create(Attributes):
    """A tensor made of sizes alone. No inputs.

    Attributes:
        ordered: Whether places differ in value.
        origins: Where the size of each axis comes from.
    """

    kind = Kind.CREATE
    ordered: bool
    origins: Origins = ()


@dataclass(frozen=True, kw_only=True)
class Pad(Attributes):
    """Positions added at the ends of axes. Input: x.

    Attributes:
        pads: (before, after) for every axis.
        constant: Whether the new positions hold a constant.
        origins: Where (before, after) of every axis come from.
    """

    kind = Kind.PAD
    pads: tuple[tuple[int, int], ...]
    constant: bool
    origins: tuple[tuple[SizeOrigin | None, SizeOrigin | None], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Reshape(Attributes):
    """The same numbers in another shape. Input: x.

    Attributes:
        origins: Where the size of each axis of the result comes from.
        squeezed: Axes of x that would vanish if one position were left of them.
    """

    kind = Kind.RESHAPE
    origins: Origins = ()
    squeezed: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Permute(Attributes):
    """Axes in another order. Input: x.

    Attributes:
        order: For each axis of the result the axis of x that it was.
    """

    kind = Kind.PERMUTE
    order: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Expand(Attributes):
    """Axes of size 1 made longer. Input: x.

    Attributes:
        origins: Where the size of each axis of the result comes from.
    """

    kind = Kind.EXPAND
    origins: Origins = ()


@dataclass(frozen=True, kw_only=True)
class Reduce(Attributes):
    """Sums, means and the like along axes. Input: x.

    Attributes:
        axes: The axes that it is taken over.
        keepdim: Whether they stay, with size 1.
        over: What is taken. "rank" (a place found by comparing it with the others, or its number) and "values" cannot
            leave places out; the others can.
        origins: Where the sizes of the last axes of x come from.
        order: Of a norm: 2 for the Euclidean one; None: it is no norm.
    """

    kind = Kind.REDUCE
    axes: tuple[int, ...]
    keepdim: bool
    over: Over
    origins: Origins = ()
    order: float | None = None


@dataclass(frozen=True, kw_only=True)
class Pool(Attributes):
    """Positions mixed along axes. Input: x.

    Attributes:
        axes: The axes along which positions are mixed; the others pass through.
        softmax: Whether they are mixed into shares of a whole, or into logarithms of such.
        running: Whether each is mixed with those before it alone, as in a cumulative sum.
        ranked: Whether they are put in order, or some are chosen by their order.
    """

    kind = Kind.POOL
    axes: tuple[int, ...]
    softmax: bool = False
    running: bool = False
    ranked: bool = False


@dataclass(frozen=True, kw_only=True)
class Opaque(Attributes):
    """An operator that nobody knows. Inputs: any.

    Attributes:
        reason: Why everything that it touches stays.
    """

    kind = Kind.OPAQUE
    reason: str


CLASSES: Mapping[Kind, type[Attributes]] = {
    each.kind: each
    for each in (
        Convolution, Linear, Matmul, Normalization, Elementwise, Concat, Split, Slice, Index, Write, Create, Pad,
        Reshape, Permute, Expand, Reduce, Pool, Opaque,
    )
}  # fmt: skip
"""The class of each kind's attributes."""


def attributes_of(given: Attributes | Kind) -> Attributes:
    """Attributes as they are; a kind stands for its attributes with all defaults.

    Raises:
        TypeError: The kind has attributes without a default; the message names the class to use.
    """
    if isinstance(given, Attributes):
        return given
    wanted = CLASSES[given]
    missing = [each.name for each in fields(wanted) if each.default is MISSING]
    if missing:
        told = ", ".join(f"{name}=..." for name in missing)
        raise TypeError(f"Kind.{given.name} needs attributes: pass {wanted.__module__}.{wanted.__name__}({told})")
    return wanted()
