"""Readers: the layers that read prunable channels, and what takes up a constant that is added to their outputs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from prunekit.core.graph.attributes import Attributes, Convolution, Elementwise, Linear, Normalization, Reshape
from prunekit.core.graph.flow_state import Contraction, FlowState
from prunekit.core.graph.labels import IntArray
from prunekit.core.graph.operators import Operator
from prunekit.core.graph.structure import Reader


def readers(flow: FlowState, producers: Sequence[Contraction], root: IntArray, unit: IntArray) -> Iterator[Reader]:
    """Every layer that reads channels and is not depthwise.

    Args:
        flow: The labelled forward.
        producers: The first use of each layer's weight, by mid.
        root: The class of each label.
        unit: The unit of each class, or -1.
    """
    shifts = _shifts(flow, producers)
    for mid, producer in enumerate(producers):
        axis = axis_of(flow, producer.weight or "", producer.read)
        if producer.read is None or producer.weight is None or axis is None:
            continue
        classes = root[producer.read]
        if axis == 0:  # it holds the inputs of all groups, one after the other
            classes = classes[: classes.size // producer.groups]
        block = _run_length(classes)
        yield Reader(
            mid, producer.weight, shifts.get(mid), axis, producer.groups, block, unit[classes[::block]]
        )  # fmt: skip


def axis_of(flow: FlowState, parameter: str, labels: IntArray | None) -> int | None:
    """The axis of a parameter that carries exactly these labels."""
    if labels is None:
        return None
    found = flow.parameters.get(parameter, [])
    return next((k for k, own in enumerate(found) if own is not None and np.array_equal(own, labels)), None)


def _run_length(classes: IntArray) -> int:
    """How many neighbours always belong to the same class, if every class comes in runs of that length."""
    ends = np.flatnonzero(np.diff(classes)) + 1
    run = int(ends[0]) if ends.size else int(classes.size)
    if run > 1 and classes.size % run == 0:
        rows = classes.reshape(-1, run)
        if np.array_equal(rows, np.broadcast_to(rows[:, :1], rows.shape)):
            return run
    return 1


def _shifts(flow: FlowState, producers: Sequence[Contraction]) -> dict[int, tuple[str, int]]:
    """For each layer what takes up a constant added to its output, if that serves this layer alone."""
    users: dict[int, list[Operator[Attributes]]] = {}
    for operator in flow.graph.operators:
        for tensor in operator.inputs:
            users.setdefault(tensor, []).append(operator)
    uses: dict[str | None, list[Operator[Attributes]]] = {}
    for contraction in flow.contractions:
        uses.setdefault(contraction.weight, []).append(flow.graph.operators[contraction.operator])
    found: dict[int, tuple[str, int]] = {}
    for mid, producer in enumerate(producers):
        takers = {_taker(flow, use, users) for use in uses[producer.weight]}
        taker = takers.pop()
        if taker is not None and not takers:
            found[mid] = taker
    taken = Counter(name for name, _ in found.values())
    return {mid: (name, sign) for mid, (name, sign) in found.items() if taken[name] == 1}


def _taker(
    flow: FlowState, operator: Operator[Attributes], users: dict[int, list[Operator[Attributes]]]
) -> tuple[str, int] | None:
    """Its own bias, one that is added behind it, or the running mean that is subtracted behind it."""
    tensors, (out,) = flow.graph.tensors, operator.outputs
    size = tensors[out].shape[1 if isinstance(operator.attributes, Convolution) else -1]
    if len(operator.inputs) > 2:
        added, sign = tensors[operator.inputs[2]], 1
    else:
        while len(users.get(out, ())) == 1 and isinstance(users[out][0].attributes, Reshape):
            (out,) = users[out][0].outputs
        if len(users.get(out, ())) != 1 or out in flow.graph.outputs:
            return None
        user = users[out][0].attributes
        others = [t for t in users[out][0].inputs if t != out]
        added_to = isinstance(user, Elementwise) and user.does == "sum" and len(others) == 1
        if isinstance(user, Normalization) and user.mean is not None:
            added, sign = tensors[user.mean], -1
        elif isinstance(operator.attributes, Linear) and added_to:
            added, sign = tensors[others[0]], 1
        else:
            return None
    return (added.name, sign) if added.name and added.shape == (size,) else None
