"""Mean average precision of a detector, as COCO defines it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from prunekit.core.data.contract import DataError
from prunekit.core.metric import Measured
from prunekit.plugins.metrics.resampling import resamples, standard_error
from prunekit.registry import Register, RegisterType

_RESAMPLES = 100
_DETECTIONS = 100  # of an image and a class, the best; COCO's
_LOG = logging.getLogger(__name__)


@Register.register(RegisterType.METRIC, name="mAP")
class MeanAP:
    """COCO's AP: precision at 101 recalls, averaged over IoU thresholds from 0.50 to 0.95 and over classes.

    Of the best 100 detections of each image and class. A class without boxes in the data is left out of the mean, boxes
    of crowds are neither missed nor found. The figures are AP50 and AP75, AP at one threshold, and the AP of each
    class. The error is a bootstrap over images. Needs ``pip install 'prunekit[detection]'``.

    Raises:
        DataError: faster-coco-eval is not installed.
    """

    is_rate: ClassVar[bool] = False
    judges: ClassVar[str] = "boxes"
    threshold: ClassVar[int | None] = None  # the place of the one IoU threshold that the value is taken at

    def __init__(self) -> None:
        _evaluation()  # what is missing is told before anything is computed
        self._truths: list[dict[str, Any]] = []
        self._found: list[dict[str, Any]] = []
        self._samples = 0

    def update(self, outputs: Any, target: Any) -> None:
        """Add a batch: a dict of ``boxes``, ``scores`` and ``labels``, and one of ``boxes`` and ``labels``, an image.

        Raises:
            DataError: They are no such dicts, or not as many of the one as of the other.
        """
        if (
            not isinstance(outputs, (list, tuple))
            or not isinstance(target, (list, tuple))
            or len(outputs) != len(target)
        ):
            raise DataError(
                "mAP needs a list with the detections of each image and a list with its boxes, of the same length; they"
                f" are {_told(outputs)} and {_told(target)}. A network whose raw outputs are others gives them by a"
                " method decode(outputs)"
            )
        for detections, truth in zip(outputs, target, strict=True):
            boxes, scores, labels = _columns(detections, "detections", ("boxes", "scores", "labels"))
            sound = np.isfinite(boxes).all(axis=1) & np.isfinite(scores)  # a broken network finds nothing
            self._add(self._found, boxes[sound], labels[sound], score=scores[sound].tolist())
            boxes, labels = _columns(truth, "target", ("boxes", "labels"))
            crowds = np.asarray(truth.get("iscrowd", np.zeros(len(boxes)))).astype(int)
            self._add(self._truths, boxes, labels, iscrowd=crowds.tolist())
            self._samples += 1

    def result(self, error: bool = True) -> Measured:
        """Return the figures over all batches so far. Without any detection the value is 0.

        Raises:
            DataError: There was no image, or no box in any of them.
        """
        if not self._samples:
            raise DataError("mAP of no samples: the evaluation saw no batch")
        classes = sorted({truth["category_id"] for truth in self._truths if not truth["iscrowd"]})
        if not classes:
            raise DataError(
                f"mAP of no boxes: none of the {self._samples} images that were evaluated has one, so nothing can be"
                " found; do the annotations belong to these images?"
            )
        evaluated = _evaluated(self._truths, self._found, self._samples, classes)
        precision = _precision(evaluated)
        figures = {"AP50": _mean(precision[0]), "AP75": _mean(precision[5])}
        if self.threshold is not None:
            figures["mAP"] = _mean(precision)
        chosen = self._chosen(precision)
        figures |= {f"ap_class_{number}": _mean(chosen[..., place]) for place, number in enumerate(classes)}
        return Measured(_mean(chosen), self._error(evaluated) if error else None, None, figures, self._samples)

    def _chosen(self, precision: NDArray[np.float64]) -> NDArray[np.float64]:
        return precision if self.threshold is None else precision[self.threshold]

    def _error(self, evaluated: Any) -> float:
        """Match nothing anew: accumulate what was found in each image, as often as the image was drawn."""
        images = np.array(evaluated._evalImgs_cpp, dtype=object).reshape(-1, self._samples)  # [classes, images]
        values = []
        for numbers in resamples(self._samples, _RESAMPLES):
            evaluated._evalImgs_cpp = images[:, numbers].ravel().tolist()
            values.append(_mean(self._chosen(_precision(evaluated))))
        return standard_error(np.array(values))

    def _add(self, to: list[dict[str, Any]], boxes: NDArray[Any], labels: NDArray[Any], **more: list[Any]) -> None:
        sizes = boxes[:, 2:] - boxes[:, :2]
        columns = [list(values) for values in (np.hstack([boxes[:, :2], sizes]).tolist(), labels.tolist())]
        for place, (box, label) in enumerate(zip(*columns, strict=True)):
            found = {
                "id": len(to) + 1,
                "image_id": self._samples,
                "category_id": label,
                "bbox": box,
            }  # id 0 is no match
            to.append(
                {"iscrowd": 0, "area": box[2] * box[3], **found, **{key: values[place] for key, values in more.items()}}
            )


@Register.register(RegisterType.METRIC, name="mAP50")
class MeanAP50(MeanAP):
    """COCO's AP at the IoU threshold 0.5 alone; the rest as ``mAP``, which stands among the figures."""

    threshold = 0


def _evaluation() -> Any:
    try:
        import faster_coco_eval
    except ImportError as problem:
        raise DataError("mAP needs the package faster-coco-eval: pip install 'prunekit[detection]'") from problem
    return faster_coco_eval


def _evaluated(truths: list[dict[str, Any]], found: list[dict[str, Any]], samples: int, classes: list[int]) -> Any:
    """All images with their detections matched to their boxes, which `_precision` accumulates."""
    library = _evaluation()
    sides = []
    for boxes in (truths, found):
        side = library.COCO(print_function=_LOG.debug)
        side.dataset = {
            "images": [{"id": number} for number in range(samples)],
            "categories": [{"id": number} for number in classes],
            "annotations": [each for each in boxes if each["category_id"] in classes],
        }  # fmt: skip
        side.createIndex()
        sides.append(side)
    evaluated = library.COCOeval_faster(*sides, iouType="bbox", print_function=_LOG.debug, separate_eval=True)
    parameters = evaluated.params  # nobody asks for small and large boxes, nor for fewer detections
    parameters.areaRng, parameters.areaRngLbl, parameters.maxDets = parameters.areaRng[:1], ["all"], [_DETECTIONS]
    evaluated.evaluate()
    return evaluated


def _precision(evaluated: Any) -> NDArray[np.float64]:
    """Precision by IoU threshold, recall and class [10, 101, classes]; -1 where a class has no boxes."""
    evaluated.accumulate()
    return np.asarray(evaluated.eval["precision"])[:, :, :, 0, 0]


def _mean(precision: NDArray[np.float64]) -> float:
    known = precision[precision > -1]
    return float(known.mean()) if known.size else float("nan")


def _columns(of: Any, name: str, keys: tuple[str, ...]) -> list[NDArray[Any]]:
    if not isinstance(of, Mapping) or not set(keys) <= of.keys():
        found = f"keys {', '.join(map(str, of))}" if isinstance(of, Mapping) else type(of).__name__
        raise DataError(f"mAP needs the {name} of an image as a dict with {', '.join(keys)}; it is {found}")
    boxes = np.asarray(of["boxes"], dtype=np.float64).reshape(-1, 4)
    rest = [np.asarray(of[key]).reshape(-1) for key in keys[1:]]
    if len(rest[-1]) and rest[-1].dtype.kind not in "iu":
        raise DataError(f"mAP needs whole numbers as labels; those of the {name} of an image are {rest[-1].dtype}")
    if any(len(column) != len(boxes) for column in rest):
        lengths = ", ".join(f"{len(column)} {key}" for key, column in zip(keys, [boxes, *rest], strict=True))
        raise DataError(f"mAP needs as many of each for an image; its {name} has {lengths}")
    return [boxes, *rest]


def _told(what: Any) -> str:
    return f"{type(what).__name__} of {len(what)}" if isinstance(what, (list, tuple)) else type(what).__name__
