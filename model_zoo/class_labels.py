"""Whether the labels of a batch are classes of the network that learns from them."""

from __future__ import annotations

from typing import Any

from prunekit.core.data.contract import DataError


def check_labels(labels: Any, classes: int, of: str = "an object", ignored: int | None = None) -> None:
    """Refuse labels that are no class, which frameworks would tell as a wrong index, or not at all.

    Args:
        labels: Whole numbers, an array or a tensor; those that are ignored were left out.
        classes: How many the network has.
        of: What has a label.
        ignored: The label that was left out, for the message.

    Raises:
        DataError: One of them is no class.
    """
    if 0 in labels.shape:
        return
    lowest, highest = int(labels.min()), int(labels.max())
    if lowest >= 0 and highest < classes:
        return
    besides, settings = (
        ("", "class_num") if ignored is None else (f" and ignores {ignored}", "class_num, or ignore_index,")
    )
    raise DataError(
        f"the label of {of} is {lowest if lowest < 0 else highest}, but the network has {classes} classes"
        f" (0 to {classes - 1}){besides}; does its {settings} fit the dataset?"
    )
