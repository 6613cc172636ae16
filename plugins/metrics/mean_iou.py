"""Mean intersection over union of a segmenter."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from prunekit.core.data.contract import DataError
from prunekit.core.metric import Measured
from prunekit.core.networks import class_indices
from prunekit.plugins.metrics.resampling import resamples, standard_error
from prunekit.registry import Register, RegisterType

_RESAMPLES = 1000
_CLASSES = 1 << 16  # more are no classes, but a broken mask that would take all memory


@Register.register(RegisterType.METRIC, name="mIoU")
class MeanIoU:
    """Mean over classes of intersection over union, of class indices and masks [N, H, W].

    Of logits [N, classes, H, W] the indices are those of the largest.

    Pixels are counted over all images before anything is divided: no mean of the IoUs of images or batches. A class
    that is neither in a mask nor predicted has no IoU and is left out of the mean. The figures are the pixel accuracy
    and the IoU of each class. The error is a bootstrap over images.

    Args:
        ignore_index: Label of pixels that do not count, whatever is predicted there.
    """

    is_rate: ClassVar[bool] = False
    judges: ClassVar[str] = "masks"

    def __init__(self, ignore_index: int = 255) -> None:
        self._ignored = ignore_index
        self._images: list[NDArray[np.int64]] = []

    def update(self, outputs: Any, target: Any) -> None:
        """Add a batch.

        Raises:
            DataError: The outputs are no class indices, or the masks do not fit them.
        """
        predicted, masks = _indices(class_indices(outputs)), np.asarray(target)
        if masks.shape != predicted.shape or masks.dtype.kind not in "iu":
            raise DataError(
                f"mIoU needs one whole number as label of each pixel {list(predicted.shape)};"
                f" the target is {masks.dtype} {list(masks.shape)}"
            )
        for image, mask in zip(predicted, masks, strict=True):
            self._images.append(self._counts(image, mask))

    def result(self, error: bool = True) -> Measured:
        """Return the figures over all batches so far.

        Raises:
            DataError: There was no image, or every pixel was ignored.
        """
        if not self._images:
            raise DataError("mIoU of no samples: the evaluation saw no batch")
        images = self._counted()
        total = images.sum(axis=0)
        if not total[1].any():
            raise DataError(
                f"mIoU of no pixels: in all {len(images)} masks every label is {self._ignored}, the ignored"
            )
        ious = _ious(total)
        figures = {"pixel_accuracy": float(total[0].sum() / total[1].sum())}
        figures |= {f"iou_class_{number}": float(iou) for number, iou in enumerate(ious) if np.isfinite(iou)}
        return Measured(_mean(ious), standard_error(self.resampled()) if error else None, None, figures, len(images))

    def resampled(self) -> NDArray[np.float64]:
        """The value of each of 1,000 sets of as many images, drawn with replacement.

        For equal numbers of images the draws are the same, so that networks can be compared pair by pair.
        """
        images = self._counted()
        ious = [_ious(images[numbers].sum(axis=0)) for numbers in resamples(len(images), _RESAMPLES)]
        return np.array([_mean(each) if np.isfinite(each).any() else np.nan for each in ious])

    def _counted(self) -> NDArray[np.int64]:
        """Pixels of each class of every image [images, 3, classes]."""
        classes = max(counts.shape[1] for counts in self._images)
        return np.stack([np.pad(counts, ((0, 0), (0, classes - counts.shape[1]))) for counts in self._images])

    def _counts(self, image: NDArray[Any], mask: NDArray[Any]) -> NDArray[np.int64]:
        """Pixels of each class of one image [3, classes]: right, in the mask, predicted.

        They are diagonal and margins of the confusion matrix, and all of it that is needed.
        """
        counted = mask != self._ignored
        truth, found = mask[counted].astype(np.int64), image[counted].astype(np.int64)
        for name, values in (("label", truth), ("prediction", found)):
            if len(values) and not 0 <= values.min() <= values.max() < _CLASSES:
                wrong = values.min() if values.min() < 0 else values.max()
                raise DataError(
                    f"a {name} is {wrong}, which is no class; only {self._ignored} is ignored."
                    f" It is in sample {len(self._images)}"
                )
        classes = int(max(truth.max(), found.max())) + 1 if len(truth) else 0
        return np.stack([np.bincount(each, minlength=classes) for each in (truth[truth == found], truth, found)])


def _indices(outputs: Any) -> NDArray[Any]:
    if not isinstance(outputs, np.ndarray) or outputs.ndim != 3 or outputs.dtype.kind not in "iu":
        found = f"{outputs.dtype} {list(outputs.shape)}" if isinstance(outputs, np.ndarray) else type(outputs).__name__
        raise DataError(
            f"mIoU needs class indices as one array [N, H, W], or logits [N, classes, H, W]; they are {found}."
            " A network whose raw outputs are others gives them by a method decode(outputs)"
        )
    return outputs


def _ious(counts: NDArray[Any]) -> NDArray[np.float64]:
    """IoU of each class [..., classes] of counts [..., 3, classes]; NaN where a class is nowhere."""
    right, truth, found = np.moveaxis(counts, -2, 0).astype(np.float64)
    union = truth + found - right
    ious: NDArray[np.float64] = np.divide(right, union, out=np.full_like(right, np.nan), where=union > 0)
    return ious


def _mean(ious: NDArray[np.float64]) -> float:
    return float(ious[np.isfinite(ious)].mean())
