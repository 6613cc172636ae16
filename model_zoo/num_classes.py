"""The number of classes, under either of the two names that users' files have for it."""

from __future__ import annotations


def classes(class_num: int | None, num_classes: int | None, default: int) -> int:
    """The number of classes that was given by either name, or the default.

    Raises:
        ValueError: The two names contradict each other, or the number is no number of classes.
    """
    if class_num is not None and num_classes is not None and class_num != num_classes:
        raise ValueError(f"class_num is {class_num} and num_classes is {num_classes}; they mean the same, give one")
    name, given = ("class_num", class_num) if class_num is not None else ("num_classes", num_classes)
    if given is not None and given < 1:
        raise ValueError(f"{name} is {given}; it must be at least 1")
    return default if given is None else given
