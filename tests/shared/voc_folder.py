"""Writes a small data set in PASCAL VOC's layout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from PIL import Image, ImageDraw

Box = tuple[str, float, float, float, float]
SIZE = (40, 20)


def annotation(boxes: Sequence[Box], size: tuple[int, int] = SIZE, difficult: int = 0) -> str:
    """The XML of an image."""
    objects = "".join(
        f"<object><name>{name}</name><difficult>{difficult}</difficult><bndbox><xmin>{left}</xmin><ymin>{top}</ymin>"
        f"<xmax>{right}</xmax><ymax>{bottom}</ymax></bndbox></object>"
        for name, left, top, right, bottom in boxes
    )
    width, height = size
    return f"<annotation><size><width>{width}</width><height>{height}</height></size>{objects}</annotation>"


def picture(path: Path, boxes: Sequence[Box], size: tuple[int, int] = SIZE) -> None:
    """A black image whose boxes are white."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.new("RGB", size)
    for _, left, top, right, bottom in boxes:
        ImageDraw.Draw(image).rectangle((left, top, right - 1, bottom - 1), fill="white")
    image.save(path)


def write_voc(folder: Path, sets: Mapping[str, Mapping[str, Sequence[Box]]], size: tuple[int, int] = SIZE) -> Path:
    """For each set its images with their boxes."""
    for name, images in sets.items():
        listed = folder / "ImageSets" / "Main" / f"{name}.txt"
        listed.parent.mkdir(parents=True, exist_ok=True)
        listed.write_text("\n".join(images))
        for stem, boxes in images.items():
            picture(folder / "JPEGImages" / f"{stem}.png", boxes, size)
            xml = folder / "Annotations" / f"{stem}.xml"
            xml.parent.mkdir(parents=True, exist_ok=True)
            xml.write_text(annotation(boxes, size))
    return folder
