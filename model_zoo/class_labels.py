"""Whether the labels of a batch are classes of the network that learns from them."""

from __future__ import annotations

from typing import Any

from prunekit.core.data.contract import DataError


def check_labels(labels: Any, classes: int, of: str = "an object", settings: str = "class_num") -> None:
    """Refuse labels that are no class, which frameworks would tell as a wrong index, or not at all.

    Args:
        labels: Whole numbers, an array or a tensor; without those that are ignored.
        classes: How many the network has.
        of: What has a label.
        settings: What of the network may be wrong.

    Raises:
        DataError: One of them is no class.
    """
    if 0 in labels.shape:
        return
    lowest, highest = int(labels.min()), int(labels.max())
    if lowest < 0 or highest >= classes:
        raise DataError(
            f"the label of {of} is {lowest if lowest < 0 else highest}, but the network has {classes} classes"
            f" (0 to {classes - 1}); does its {settings} fit the dataset?"
        )
