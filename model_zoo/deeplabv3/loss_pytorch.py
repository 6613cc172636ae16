"""Cross-entropy of pixels."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from prunekit.core.data.contract import DataError
from prunekit.model_zoo.class_labels import check_labels


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
    labels = masks.long()
    counted = labels[labels != ignore_index]
    check_labels(counted, logits.shape[1], "a pixel", f"class_num, or ignore_index ({ignore_index}),")
    total = functional.cross_entropy(logits, labels, weights, ignore_index=ignore_index, reduction="sum")
    share = counted.new_tensor(counted.numel(), dtype=logits.dtype) if weights is None else weights[counted].sum()
    return total / share.clamp(min=1e-12)
