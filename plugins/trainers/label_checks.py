"""Whether outputs and labels fit a cross-entropy: what would else be a crash, or worse, is told."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from prunekit.plugins.trainers.errors import TrainingError


def checked_labels(network: object, outputs: Any, target: Any, ignore_index: int) -> NDArray[np.int64]:
    """The target as class numbers.

    Args:
        network: What gave the outputs; messages name its class.
        outputs: Logits [N, classes, ...]: one tensor of any framework.
        target: Class numbers [N, ...].
        ignore_index: A number that stands for no class.

    Raises:
        TrainingError: The outputs are something else, the target has another shape, or a class is not there.
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
        raise TrainingError(
            f"targets of the shape {list(labels.shape)} do not fit {type(network).__name__}'s logits {list(shape)};"
            f" a cross-entropy takes class numbers {wanted}"
        )
    used = labels[labels != ignore_index]
    if used.size and (used.min() < 0 or used.max() >= shape[1]):
        raise TrainingError(
            f"a target is {used.min() if used.min() < 0 else used.max()}, but the network has {shape[1]} classes;"
            " does its class_num fit the dataset?"
        )
    return labels.astype(np.int64)
