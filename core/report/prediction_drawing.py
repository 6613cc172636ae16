"""Draws what detectors and segmenters find in an image, and what the dataset says is there."""

from __future__ import annotations

import colorsys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

_LEAST_SCORE = 0.3  # of a box that is drawn: with the hundreds that mAP looks at nothing could be seen
_OPAQUE = 0.5  # a mask over its image
_TITLE, _GAP = 14, 4  # pixels
_SMALLEST = 240  # shorter sides are drawn larger
Colour = tuple[int, int, int]


def picture(image: NDArray[Any], found: Mapping[str, Any], names: Sequence[str] = ()) -> Image.Image:
    """An image once for each of ``found``, side by side under their titles.

    Args:
        image: Channels, height and width, of any range: its least value is drawn black, its greatest white.
        found: By title a mask of class indices [H, W], or a dict with ``boxes`` [n, 4] as x1, y1, x2, y2, ``labels``
            and perhaps ``scores``.
        names: Of the classes.
    """
    plain = _as_picture(image)
    factor = max(1, -(-_SMALLEST // min(plain.size)))
    panels = [_panel(plain, each, names, factor) for each in found.values()]
    width, height = panels[0].size
    whole = Image.new("RGB", (len(panels) * (width + _GAP) - _GAP, height + _TITLE), "white")
    pen = ImageDraw.Draw(whole)
    for number, (title, panel) in enumerate(zip(found, panels, strict=True)):
        whole.paste(panel, (number * (width + _GAP), _TITLE))
        pen.text((number * (width + _GAP) + 2, 1), title, fill="black", font=ImageFont.load_default())
    return whole


def is_drawable(found: Any) -> bool:
    """Whether it is one of the two forms that can be drawn, for one image."""
    if isinstance(found, Mapping):
        return "boxes" in found and "labels" in found
    return isinstance(found, np.ndarray) and found.ndim == 2 and found.dtype.kind in "iu"


def _as_picture(image: NDArray[Any]) -> Image.Image:
    values = image.astype(np.float64)
    if len(values) not in (1, 3):
        values = values.mean(axis=0, keepdims=True)
    low, high = values.min(), values.max()
    scaled = ((values - low) / max(high - low, 1e-12) * 255).round().astype(np.uint8)
    return Image.fromarray(np.broadcast_to(scaled, (3, *scaled.shape[1:])).transpose(1, 2, 0).copy())


def _panel(plain: Image.Image, found: Any, names: Sequence[str], factor: int) -> Image.Image:
    large = plain.resize((plain.width * factor, plain.height * factor), Image.Resampling.NEAREST)
    return _boxes(large, found, names, factor) if isinstance(found, Mapping) else _mask(large, found)


def _mask(panel: Image.Image, mask: NDArray[Any]) -> Image.Image:
    classes = np.unique(mask)
    table = np.zeros((int(classes.max()) + 1, 3), np.uint8) if len(classes) else np.zeros((1, 3), np.uint8)
    for label in classes[classes >= 0]:
        table[label] = colour(int(label))
    painted = Image.fromarray(table[np.maximum(mask, 0)]).resize(panel.size, Image.Resampling.NEAREST)
    return Image.blend(panel, painted, _OPAQUE)


def _boxes(panel: Image.Image, found: Mapping[str, Any], names: Sequence[str], factor: int) -> Image.Image:
    pen, font = ImageDraw.Draw(panel), ImageFont.load_default()
    scores = found.get("scores")
    for number, (box, label) in enumerate(zip(found["boxes"], found["labels"], strict=True)):
        if scores is not None and scores[number] < _LEAST_SCORE:
            continue
        ink, (x1, y1, x2, y2) = colour(int(label)), (float(side) * factor for side in box)
        pen.rectangle((x1, y1, max(x1, x2), max(y1, y2)), outline=ink, width=2)
        name = names[int(label)] if int(label) < len(names) else str(int(label))
        told = name if scores is None else f"{name} {scores[number]:.2f}"
        pen.text((x1 + 3, y1 + 1), told, fill=ink, font=font, stroke_width=1, stroke_fill="black")
    return panel


def colour(label: int) -> Colour:
    """A class's own colour; those of neighbours are far apart."""
    hue = label * 0.618034 % 1  # the golden ratio spreads them evenly, however many there are
    red, green, blue = colorsys.hsv_to_rgb(hue, 0.85, 1.0 if label % 2 else 0.8)
    return round(red * 255), round(green * 255), round(blue * 255)
