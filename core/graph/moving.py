"""Rules for operators that move positions: reshape, permute, expand, concat, pad, slice, split, writes into a part."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from prunekit.core.graph.labels import IntArray, LabelArrays, along, axes_of
from prunekit.core.graph.merging import merge
from prunekit.core.graph.operators import Operator
from prunekit.core.graph.reshaping import concatenate, covering, reshape, take, tangled
from prunekit.core.graph.state import State, where


def reshaped(state: State, position: int, operator: Operator) -> list[LabelArrays]:
    """Label arrays are reshaped alike; one that is spread over new axes must lose whole positions of one of them."""
    before, after = state.shape(operator.inputs[0]), state.shape(operator.outputs[0])
    arrays, moved = state.arrays(operator.inputs[0]), []
    lost = tangled(arrays, before, after)
    for array in arrays:
        if any(array is other for other in lost):
            state.labels.freeze(array, f"{where(operator)} folds two prunable axes into one")
            continue
        moved.append(reshape(array, before, after))
        if len(axes_of(moved[-1])) > 1:
            state.labels.rectangle(moved[-1], last=state.computed(position, array))
    return [tuple(moved)]


def permute(state: State, position: int, operator: Operator) -> list[LabelArrays]:
    """Label arrays are permuted alike."""
    order = operator.attributes["order"]
    return [tuple(array.transpose(order) for array in state.arrays(operator.inputs[0]))]


def expand(state: State, position: int, operator: Operator) -> list[LabelArrays]:
    """New axes carry no labels."""
    (x,), (out,) = operator.inputs, operator.outputs
    new = (1,) * (len(state.shape(out)) - len(state.shape(x)))
    state.stretched[out] = new + state.shape(x)
    return [tuple(array.reshape(new + array.shape) for array in state.arrays(x))]


def like(state: State, position: int, operator: Operator) -> list[LabelArrays]:
    """A new tensor: where its sizes are those of another they may have been computed from it."""
    axes = set(operator.attributes["axes"])
    found = [a for a in state.arrays(operator.inputs[0]) if set(axes_of(a)) <= axes]
    return [tuple(a for a in found if state.computed(position, a))]


def concat(state: State, position: int, operator: Operator) -> list[LabelArrays]:
    """Label arrays are concatenated alike."""
    parts = [(state.shape(tensor), state.arrays(tensor)) for tensor in operator.inputs]
    return [_joined(state, parts, operator.attributes["axis"], operator)]


def _joined(
    state: State, parts: Sequence[tuple[tuple[int, ...], LabelArrays]], axis: int, operator: Operator
) -> LabelArrays:
    others, joined, sizes = [], list[IntArray](), []
    labelled = any(covering(arrays, axis) is not None for _, arrays in parts)
    for own, arrays in parts:
        sizes.append(own[axis])
        others.append(((*own[:axis], 1, *own[axis + 1 :]), tuple(a for a in arrays if axis not in axes_of(a))))
        if labelled:
            array = covering(arrays, axis)
            joined.append(_unlabelled(state, own, axis, operator) if array is None else array)
    shape = [max(size) for size in zip(*(size for size, _ in others), strict=True)]
    merged = merge(state, shape, others, operator)
    return (*merged, concatenate(joined, sizes, axis)) if labelled else merged


def _unlabelled(state: State, shape: Sequence[int], axis: int, operator: Operator) -> IntArray:
    """Stand-ins for positions that nobody produces and so nobody can remove."""
    labels = state.labels.fresh(shape[axis])
    state.labels.freeze(labels, f"{where(operator)} puts it beside channels of a fixed number")
    return along(labels, axis, len(shape))


def pad(state: State, position: int, operator: Operator) -> list[LabelArrays]:
    """New positions at the ends; nobody can remove those."""
    arrays, shape = list(state.arrays(operator.inputs[0])), state.shape(operator.inputs[0])
    for axis, (before, after) in enumerate(operator.attributes["pads"]):
        for k, array in enumerate(arrays):
            if axis not in axes_of(array) or (before, after) == (0, 0):
                continue
            if before < 0 or after < 0 or not operator.attributes["constant"]:
                arrays[k] = state.labels.fix(array, [axis], f"{where(operator)} cuts or repeats fixed places of it")
                continue
            ends = [state.labels.fresh(size) for size in (before, after)]
            for labels in ends:
                state.labels.freeze(labels, f"{where(operator)} adds a fixed number of channels")
            parts = [along(ends[0], axis, len(shape)), array, along(ends[1], axis, len(shape))]
            arrays[k] = concatenate(parts, [before, array.shape[axis], after], axis)
    return [tuple(arrays)]


def cut(state: State, position: int, operator: Operator) -> list[LabelArrays]:
    """Part of the positions along one axis, or one of them, whose axis then disappears (``drop``)."""
    axis, start, stop, step, drop = (operator.attributes[k] for k in ("axis", "start", "stop", "step", "drop"))
    moved = []
    for array in state.arrays(operator.inputs[0]):
        if axis in axes_of(array):
            if drop and len(axes_of(array)) > 1:
                state.labels.fix(array, [axis], "")
            else:
                _bounded(state, position, operator, array, state.shape(operator.inputs[0])[axis])
        moved.append(take(array, axis, slice(start, stop, step), drop))
    return [tuple(moved)]


def _bounded(state: State, position: int, operator: Operator, array: IntArray, size: int) -> None:
    """What may go where an axis is cut: computed bounds move along, those in the code stay where they are."""
    axis, start, stop, step = (operator.attributes[k] for k in ("axis", "start", "stop", "step"))
    length = stop - start
    if step > 1:  # every step-th: runs of that length go together
        if start < step and stop > size - step and size % step == 0:
            state.labels.fix(_parts(array, axis, size // step), [axis + 1], "")
        else:
            state.labels.freeze(array, f"{where(operator)} takes fixed places of it")
    elif 1 < length < size and state.computed(position, array):
        if size % length == 0 and start % length == 0:
            state.labels.fix(_parts(array, axis, size // length), [axis], "")
    elif length < size and (held := start if stop >= size else stop) > 0:
        part = take(array, axis, slice(0, held), drop=False)
        state.labels.freeze(part, f"{where(operator)} has its bounds in the network's code")


def split(state: State, position: int, operator: Operator) -> list[LabelArrays]:
    """Parts along one axis; of equal parts a unit is one position in every part."""
    axis, sizes, drop = (operator.attributes[k] for k in ("axis", "sizes", "drop"))
    arrays, ends = state.arrays(operator.inputs[0]), np.cumsum(sizes)
    for array in (a for a in arrays if axis in axes_of(a)):
        if len(set(sizes)) == 1 and sizes[0] == 1:
            state.labels.fix(array, [axis], f"{where(operator)} takes it apart one by one")
        elif state.computed(position, array):
            if len(set(sizes)) == 1:
                state.labels.fix(_parts(array, axis, len(sizes)), [axis], "")
        else:  # sizes in the code: only a last part that takes what is left can shrink
            held = int(ends[-2]) if operator.attributes["open"] else int(ends[-1])
            part = take(array, axis, slice(0, held), drop=False)
            state.labels.freeze(part, f"{where(operator)} has its sizes in the network's code")
    return [
        tuple(take(array, axis, slice(int(end) - size, int(end)), drop) for array in arrays)
        for size, end in zip(sizes, ends, strict=True)
    ]


def _parts(array: IntArray, axis: int, count: int) -> IntArray:
    """Split one axis in ``count`` equal parts, as an axis of its own before it."""
    return array.reshape(*array.shape[:axis], count, array.shape[axis] // count, *array.shape[axis + 1 :])


def write(state: State, position: int, operator: Operator) -> list[LabelArrays]:
    """The second input takes the place of a part of the first; which part, a slice before it has said."""
    axis, start, stop, step = (operator.attributes[k] for k in ("axis", "start", "stop", "step"))
    base, part = ((state.shape(tensor), state.arrays(tensor)) for tensor in operator.inputs)
    if len(part[0]) < len(base[0]):  # one position, whose axis had disappeared
        part = (*part[0][:axis], 1, *part[0][axis:]), tuple(np.expand_dims(a, axis) for a in part[1])
    size = base[0][axis]
    source = np.arange(size)
    source[start:stop:step] = size + np.arange(len(source[start:stop:step]))
    return [tuple(take(array, axis, source, drop=False) for array in _joined(state, (base, part), axis, operator))]
