from __future__ import annotations

import contextlib
import io
import sys
from typing import Any

import numpy as np
import pytest

from prunekit.core.data.contract import DataError
from prunekit.plugins.metrics.mean_ap import MeanAP, MeanAP50

pytest.importorskip("faster_coco_eval")


def _scene(rng: np.random.Generator, classes: int = 3) -> tuple[dict[str, Any], dict[str, Any]]:
    """An image's detections and boxes: most are found, not quite where they are; some of what is found is nothing."""
    number = int(rng.integers(0, 6))
    corners, sizes = rng.uniform(0, 80, size=(number, 2)), rng.uniform(4, 40, size=(number, 2))
    boxes = np.hstack([corners, corners + sizes]).astype(np.float32)
    labels = rng.integers(0, classes, size=number)
    seen = rng.random(number) < 0.8
    moved = boxes[seen] + rng.normal(0, 2, size=(int(seen.sum()), 4)).astype(np.float32)
    wrong = rng.uniform(0, 50, size=(3, 2))
    found = np.vstack([moved, np.hstack([wrong, wrong + rng.uniform(5, 30, size=(3, 2))])]).astype(np.float32)
    detections = {
        "boxes": found,
        "scores": np.round(rng.uniform(0, 1, size=len(found)), 1).astype(np.float32),  # with ties
        "labels": np.concatenate([labels[seen], rng.integers(0, classes + 1, size=3)]),
    }
    return detections, {"boxes": boxes, "labels": labels, "iscrowd": (rng.random(number) < 0.1).astype(np.uint8)}


def _scenes(seed: int, images: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    rng = np.random.default_rng(seed)
    outputs, target = zip(*(_scene(rng) for _ in range(images)), strict=True)
    return list(outputs), list(target)


def _by_pycocotools(outputs: list[dict[str, Any]], target: list[dict[str, Any]]) -> np.ndarray:
    """AP, AP50 and AP75."""
    pycocotools = pytest.importorskip("pycocotools.coco")
    from pycocotools.cocoeval import COCOeval

    def annotations(images: list[dict[str, Any]]) -> list[dict[str, Any]]:
        found = []
        for number, image in enumerate(images):
            for place, box in enumerate(np.asarray(image["boxes"], np.float64)):
                width, height = box[2] - box[0], box[3] - box[1]
                found.append({
                    "id": len(found) + 1, "image_id": number, "category_id": int(image["labels"][place]),
                    "bbox": [box[0], box[1], width, height], "area": width * height,
                    "iscrowd": int(image["iscrowd"][place]) if "iscrowd" in image else 0,
                    **({"score": float(image["scores"][place])} if "scores" in image else {}),
                })  # fmt: skip
        return found

    with contextlib.redirect_stdout(io.StringIO()):
        truth = pycocotools.COCO()
        truth.dataset = {
            "images": [{"id": number} for number in range(len(target))],
            "categories": [{"id": number} for number in range(5)], "annotations": annotations(target),
        }  # fmt: skip
        truth.createIndex()
        evaluation = COCOeval(truth, truth.loadRes(annotations(outputs)), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return np.asarray(evaluation.stats[:3])


@pytest.mark.parametrize("seed", range(3))
def test_the_figures_are_those_of_pycocotools_to_the_last_digit(seed: int) -> None:
    outputs, target = _scenes(seed, 40)
    metric, at_half = MeanAP(), MeanAP50()
    for start in range(0, 40, 7):
        for each in (metric, at_half):
            each.update(outputs[start : start + 7], target[start : start + 7])
    found, found_at_half = metric.result(error=False), at_half.result(error=False)
    ap, ap50, ap75 = _by_pycocotools(outputs, target)
    assert (found.value, found.figures["AP50"], found.figures["AP75"]) == (ap, ap50, ap75) and 0.1 < ap < ap50 < 0.9
    assert (found_at_half.value, found_at_half.figures["mAP"]) == (ap50, ap)
    assert found.samples == 40 and found.loss is None and found.error is None


def test_the_value_is_the_mean_of_the_classes() -> None:
    metric = MeanAP()
    metric.update(*_scenes(5, 30))
    found = metric.result(error=False)
    of_classes = [value for name, value in found.figures.items() if name.startswith("ap_class_")]
    assert sorted(found.figures) == ["AP50", "AP75", "ap_class_0", "ap_class_1", "ap_class_2"]
    assert found.value == pytest.approx(np.mean(of_classes), rel=1e-12)


@pytest.mark.parametrize("metric_type", [MeanAP, MeanAP50])
def test_the_error_is_what_repeated_sets_differ_by(metric_type: type[MeanAP]) -> None:
    values, errors = [], []
    for seed in range(40):
        metric = metric_type()
        metric.update(*_scenes(seed + 100, 60))
        found = metric.result()
        assert found.error is not None
        values.append(found.value)
        errors.append(found.error)
    assert np.mean(errors) == pytest.approx(np.std(values, ddof=1), rel=0.25)


def test_the_error_leaves_the_value_as_it_is() -> None:
    metric = MeanAP()
    metric.update(*_scenes(7, 20))
    first = metric.result()
    assert metric.result() == first and metric.result(error=False).value == first.value


def test_images_without_boxes_and_without_detections() -> None:
    nothing = {"boxes": np.zeros((0, 4)), "scores": np.zeros(0), "labels": np.zeros(0, int)}
    box = {"boxes": np.array([[0.0, 0, 9, 9]]), "labels": np.array([2])}
    metric = MeanAP()
    metric.update([nothing, nothing], [box, nothing])
    assert metric.result().value == 0.0 and metric.result().samples == 2
    metric.update([{**box, "scores": np.ones(1)}] * 2, [box, nothing])
    assert 0 < metric.result(error=False).value < 1


def test_what_is_not_finite_finds_nothing() -> None:
    box = np.array([[0.0, 0, 9, 9]])
    metric = MeanAP()
    broken = {"boxes": box * np.nan, "scores": np.ones(1), "labels": np.ones(1, int)}
    metric.update([broken, {**broken, "boxes": box, "scores": np.array([np.inf])}], [{"boxes": box, "labels": [1]}] * 2)
    assert metric.result().value == 0.0


def test_nothing_to_measure() -> None:
    with pytest.raises(DataError, match="no samples"):
        MeanAP().result()
    metric = MeanAP()
    found = {"boxes": np.ones((1, 4)), "scores": np.ones(1), "labels": np.ones(1, int)}
    metric.update([found], [{"boxes": np.zeros((0, 4)), "labels": np.zeros(0, int)}])
    with pytest.raises(DataError, match="none of the 1 images"):
        metric.result()


@pytest.mark.parametrize(
    ("outputs", "target", "message"),
    [
        (np.zeros((1, 3)), [{}], r"they are ndarray and list of 1\. .* decode"),
        ([{}, {}], [{}], "they are list of 2 and list of 1"),
        ([{"boxes": 1, "labels": 2}], [{}], "detections of an image as a dict with boxes, scores, labels; it is keys"),
        ([{"boxes": np.zeros((2, 4)), "scores": [1.0], "labels": [1, 2]}], [{}], "2 boxes, 1 scores, 2 labels"),
        ([{"boxes": np.zeros((1, 4)), "scores": [1.0], "labels": [1.5]}], [{}], "whole numbers as labels"),
        ([{"boxes": np.zeros((0, 4)), "scores": [], "labels": []}], [3], "target of an image as a dict .* it is int"),
    ],
)
def test_what_does_not_fit_is_told(outputs: Any, target: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        MeanAP().update(outputs, target)


def test_what_is_not_installed_is_told_before_anything_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "faster_coco_eval", None)
    with pytest.raises(DataError, match=r"pip install 'prunekit\[detection\]'"):
        MeanAP()
