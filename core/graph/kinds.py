"""The kinds of operators: what an operator does to channels, whatever the framework calls it."""

from __future__ import annotations

import enum


class Kind(str, enum.Enum):
    """What an operator does to channels; `prunekit.core.graph.attributes` has each kind's inputs and attributes.

    A front end maps every operator of its framework to one of these; what it does not know is ``OPAQUE``.
    """

    CONVOLUTION = "convolution"  # slides a kernel along axes
    LINEAR = "linear"  # multiplies by a matrix of weights
    MATMUL = "matmul"  # multiplies two activations
    NORMALIZATION = "normalization"  # scales by statistics and by per-channel tensors
    ELEMENTWISE = "elementwise"  # works on each position by itself
    CONCAT = "concat"  # joins tensors along an axis
    SPLIT = "split"  # takes an axis apart
    SLICE = "slice"  # takes a part of an axis
    INDEX = "index"  # looks positions up
    WRITE = "write"  # puts a part in its place
    CREATE = "create"  # makes a tensor of sizes alone
    PAD = "pad"  # adds positions at the ends of axes
    RESHAPE = "reshape"  # lays the same numbers out in another shape
    PERMUTE = "permute"  # changes the order of axes
    EXPAND = "expand"  # makes axes of size 1 longer
    REDUCE = "reduce"  # takes sums and the like along axes
    POOL = "pool"  # mixes positions along axes
    OPAQUE = "opaque"  # nobody knows
