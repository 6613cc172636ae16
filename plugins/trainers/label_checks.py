"""Whether labels say anything, and fit a cross-entropy: what would else be a crash, or worse, is told."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from prunekit.core.data.nested import leaf_paths
from prunekit.plugins.trainers.errors import LabelsError, TrainingError

_BOXES = frozenset({"boxes", "bboxes", "gt_boxes", "gt_bboxes"})


def says_nothing(target: Any, ignore_index: int | None) -> bool:
    """Whether a batch has no label: all of them are ignored, or no image has a box.

    Args:
        target: In any form; what is called ``boxes`` tells for all that is beside it, and of what is beside an empty
            array (counts of boxes) zeros tell nothing.
        ignore_index: A number that stands for no class; None where the network's own loss knows it.
    """
    found = [(path, np.asarray(leaf)) for path, leaf in leaf_paths(target) if isinstance(leaf, _LABELS)]
    if boxes := [array for path, array in found if not _BOXES.isdisjoint(path.split("."))]:
        return not any(array.size for array in boxes)
    arrays = [array for _, array in found]
    if any(not array.size for array in arrays):
        return not any(array.any() for array in arrays)
    return bool(arrays) and all(_ignored(array, ignore_index) for array in arrays)


_LABELS = (np.ndarray, np.generic, int)


def _ignored(labels: NDArray[Any], ignore_index: int | None) -> bool:
    return ignore_index is not None and labels.dtype.kind in "iu" and bool((labels == ignore_index).all())


def checked_labels(network: object, outputs: Any, target: Any, ignore_index: int) -> NDArray[np.int64]:
    """The target as class numbers.

    Args:
        network: What gave the outputs; messages name its class.
        outputs: Logits [N, classes, ...]: one tensor of any framework.
        target: Class numbers [N, ...].
        ignore_index: A number that stands for no class.

    Raises:
        TrainingError: The outputs are something else, the target has another shape, or a class is not there (the
            last two as a `LabelsError`).
    """
    shape = getattr(outputs, "shape", None)
    if shape is None or len(shape) < 2:
        found = f"a {type(outputs).__name__}" if shape is None else str(list(shape))
        raise TrainingError(
            f"{type(network).__name__} gives {found}, not logits [N, classes, ...];"
            " such a network needs its own loss(outputs, target)"
        )
    labels, wanted = np.asarray(target), [shape[0], *shape[2:]]
    if list(labels.shape) != wanted:  # not every framework would object
        raise LabelsError(
            f"targets of the shape {list(labels.shape)} do not fit {type(network).__name__}'s logits {list(shape)};"
            f" a cross-entropy takes class numbers {wanted}"
        )
    used = labels[labels != ignore_index]
    if used.size and (used.min() < 0 or used.max() >= shape[1]):
        wrong = used.min() if used.min() < 0 else used.max()
        raise LabelsError(
            f"a target is {wrong}, but the network has {shape[1]} classes; does its class_num fit the dataset?"
            + (f" If it stands for no class: loss: {{params: {{ignore_index: {wrong}}}}}" if labels.ndim > 1 else "")
        )
    return labels.astype(np.int64)
