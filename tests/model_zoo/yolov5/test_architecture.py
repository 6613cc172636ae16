"""The list of layers, and what follows from it."""

from __future__ import annotations

import math

import pytest

from prunekit.model_zoo.yolov5 import architecture


def test_layers_of_the_smallest() -> None:
    layers = architecture.layers("yolov5n")
    assert len(layers) == 24
    assert [layer.outputs for layer in layers if layer.kind == "conv"] == [16, 32, 64, 128, 256, 128, 64, 64, 128]
    assert [(layer.outputs, layer.repeats, layer.shortcut) for layer in layers if layer.kind == "c3"] == [
        (32, 1, True), (64, 2, True), (128, 3, True), (256, 1, True),
        (128, 1, False), (64, 1, False), (128, 1, False), (256, 1, False),
    ]  # fmt: skip
    assert [(layer.joins, layer.inputs) for layer in layers if layer.kind == "concat"] == [
        (6, 256), (4, 128), (14, 128), (10, 256),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("version", "widest", "repeats"),
    [
        ("yolov5n", 256, [1, 2, 3, 1, 1, 1, 1, 1]),
        ("yolov5s", 512, [1, 2, 3, 1, 1, 1, 1, 1]),
        ("yolov5m", 768, [2, 4, 6, 2, 2, 2, 2, 2]),
        ("yolov5l", 1024, [3, 6, 9, 3, 3, 3, 3, 3]),
        ("yolov5x", 1280, [4, 8, 12, 4, 4, 4, 4, 4]),
    ],
)
def test_widths_and_depths(version: architecture.Version, widest: int, repeats: list[int]) -> None:
    layers = architecture.layers(version, 1)
    assert layers[0].inputs == 1 and max(layer.outputs for layer in layers if layer.kind != "concat") == widest
    assert {layer.outputs % 8 for layer in layers} == {0}
    assert [layer.repeats for layer in layers if layer.kind == "c3"] == repeats


def test_no_such_version() -> None:
    with pytest.raises(ValueError, match="no version 'yolov5'; there are yolov5n, yolov5s, yolov5m, yolov5l, yolov5x"):
        architecture.layers("yolov5")  # type: ignore[arg-type]


def test_a_stride_of_two_halves() -> None:
    for kernel in (6, 3):
        assert (64 + 2 * architecture.padding(kernel) - kernel) // 2 + 1 == 32
    assert architecture.padding(1) == 0


def test_first_biases_mean_eight_objects_and_even_classes() -> None:
    for stride, (objectness, of_class) in zip(architecture.STRIDES, architecture.first_biases(80), strict=True):
        assert math.exp(objectness) * (640 / stride) ** 2 == pytest.approx(8)
        assert math.exp(of_class) == pytest.approx(0.6 / 79.00001)
