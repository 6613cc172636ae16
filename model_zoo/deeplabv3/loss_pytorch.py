"""Cross-entropy of pixels."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from prunekit.core.data.contract import DataError


def pixel_cross_entropy(logits: Tensor, masks: Tensor, weights: Tensor | None, ignore_index: int) -> Tensor:
    """Mean over the pixels of a batch that count, by the weights of their classes; 0 where none counts.

    Args:
        logits: [N, classes, H, W].
        masks: Class numbers [N, H, W].
        weights: One for each class; None for equal ones.
        ignore_index: Label of pixels that do not count.

    Raises:
        DataError: The masks have another shape, or a label is no class.
    """
    if masks.shape != logits.shape[:1] + logits.shape[2:]:
        raise DataError(
            f"masks of the shape {list(masks.shape)} do not fit logits {list(logits.shape)};"
            f" they are class numbers {[logits.shape[0], *logits.shape[2:]]}"
        )
    labels, classes = masks.long(), logits.shape[1]
    counted = labels[labels != ignore_index]
    if counted.numel() and not 0 <= int(counted.min()) <= int(counted.max()) < classes:
        wrong = int(counted.min()) if int(counted.min()) < 0 else int(counted.max())
        raise DataError(
            f"a pixel's label is {wrong}, but the network has {classes} classes (0 to {classes - 1}) and ignores"
            f" {ignore_index}; does its class_num, or its ignore_index, fit the dataset?"
        )
    total = functional.cross_entropy(logits, labels, weights, ignore_index=ignore_index, reduction="sum")
    share = counted.new_tensor(counted.numel(), dtype=logits.dtype) if weights is None else weights[counted].sum()
    return total / share.clamp(min=1e-12)
