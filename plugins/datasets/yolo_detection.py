"""Boxes as YOLO programs lay them out: one text file an image, with shares of the image."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from prunekit.core.config.problems import Findings
from prunekit.core.config.yaml_reader import read_yaml
from prunekit.core.data.contract import DataError
from prunekit.core.data.splits import Samples, Split, TrainPortion
from prunekit.plugins.datasets.box_table import Boxed, BoxTable, class_numbers
from prunekit.plugins.datasets.detection import IMAGE_SIZE, NO_MEAN, NO_STD, DetectionImages, detection_steps
from prunekit.plugins.datasets.image_lists import found_images, read_lines
from prunekit.plugins.datasets.images import read_size
from prunekit.plugins.datasets.scene_transforms import SceneTransforms
from prunekit.plugins.datasets.set_choice import SetChoice, TestPortion, TestSets
from prunekit.plugins.datasets.transforms import Colour, Deviation, Side, Size
from prunekit.registry import Register, RegisterType
from prunekit.registry.errors import one_line

_SETS = {"train": "train", "val": "val", "valid": "val", "test": "test"}
_EXPECTED = "expected is images/train with labels/train, or train/images with train/labels, or images with labels"
_NAMES = ("data.yaml", "data.yml", "dataset.yaml")
_SHARE = 2.0  # what is above cannot be the share of an image, not even of one beyond its edge


@Register.register(RegisterType.DATASET)
class YoloDetection(DetectionImages):
    """Images with boxes in the layout of YOLO programs.

    ``<data_path>/images/<set>/<name>.jpg`` (or png, ...; set: train, val or test) and ``labels/<set>/<name>.txt``, or
    ``<set>/images`` and ``<set>/labels``, or without sets ``images`` and ``labels``. A line is a box: number of its
    class, and middle x, middle y, width and height as shares of the image. An image without a file, or with an empty
    one, has no box. Search evaluates on ``val``: images held out of the set train by a fixed permutation.

    Args:
        data_path: The folder that holds images and labels, or the folders of the sets.
        split: ``train``, ``val`` or ``test``.
        classes: Names of the classes in the order of their numbers; if not given, ``names`` of ``data.yaml``, or the
            lines of ``classes.txt``.
        train_portion: Share of the set train that is not held out for ``val``.
        test_portion: Share of the images that is for ``test`` where the set train is the only one: 0.2 if not given.
        test_sets: The sets that ``test`` takes, ``[val, test]`` for both: if not given the set test, or the set val
            where there is no other.
        samples: At most so many images, drawn evenly from the split. None takes 1,000 for ``val`` and all for
            ``train`` and ``test``.
        image_size: Of a square, or height and width: what a network is given. An image is scaled so that it just fits.
        mean: Of each colour channel, for values of 0 to 1.
        std: Of each colour channel.
        pad_multiple: Where images differ in size, height and width of a batch are multiples of this.
        transforms: Steps for image and boxes in place of ``image_size``, ``mean`` and ``std``, ``[{type: LetterBox,
            size: 320}, ...]``. Random ones vary in training.

    Raises:
        DataError: A file is missing or broken, an argument is out of its range, or a class is unknown.
    """

    def __init__(
        self,
        data_path: Path,
        split: Split,
        classes: Sequence[str] | None = None,
        train_portion: TrainPortion = 0.9,
        test_portion: TestPortion | None = None,
        test_sets: TestSets | None = None,
        samples: Samples | None = None,
        image_size: Size = IMAGE_SIZE,
        mean: Colour = NO_MEAN,
        std: Deviation = NO_STD,
        pad_multiple: Side = 32,
        transforms: SceneTransforms | None = None,
    ) -> None:
        preparation = detection_steps(transforms, image_size, mean, std)
        folder = Path(data_path)
        found = _found(folder)
        choice = SetChoice(split, train_portion, test_portion, test_sets, samples)
        sets = choice.sets(found, one_line(folder))
        names = list(class_numbers(classes, lambda: _names(folder), one_line(folder)))
        images = BoxTable(
            (image for name in sets for image in found[name].images(names)),
            " and ".join(one_line(found[name].labels) for name in sets),
        )
        super().__init__(images, choice.order(len(images), len(found) > 1), names, preparation, pad_multiple)


class _Set(NamedTuple):
    pictures: Path
    labels: Path

    def images(self, names: Sequence[str]) -> Iterator[Boxed]:
        if not self.labels.is_dir():
            raise DataError(
                f"{one_line(self.labels)} is not a folder; it should hold the boxes of {self.pictures.name}"
            )
        pictures = found_images(self.pictures)
        for path in sorted(self.labels.glob("*.txt")):
            if path.stem not in pictures and path.name != "classes.txt":
                raise DataError(
                    f"{one_line(path)} has no image: {one_line(self.pictures)} has no {one_line(path.stem)}.jpg"
                )
        for name, picture in pictures.items():
            label = self.labels / f"{name}.txt"
            rows = [_row(line, label, place, names) for place, line in _lines(label)]
            width, height = read_size(picture)
            boxes = [
                ((x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height)
                for _, (x, y, w, h) in rows
            ]
            labels = [number for number, _ in rows]
            yield Boxed(picture, (width, height), boxes, labels, [0] * len(rows), None, label)


def _lines(label: Path) -> list[tuple[int, str]]:
    return list(enumerate(read_lines(label), 1)) if label.is_file() else []


def _row(line: str, label: Path, place: int, names: Sequence[str]) -> tuple[int, tuple[float, float, float, float]]:
    where, parts = f"{one_line(label)}, box {place}", line.split()
    if len(parts) != 5:
        raise DataError(f"{where} has {len(parts)} numbers; expected are class, middle x and y, width and height")
    try:
        x, y, w, h = (float(part) for part in parts[1:])
    except ValueError as problem:
        raise DataError(f"{where}: {one_line(problem)}; mend the file") from problem
    if not re.fullmatch(r"\d{1,9}", parts[0]) or int(parts[0]) >= len(names):
        raise DataError(f"{where} has the class {one_line(parts[0])}; there are 0 to {len(names) - 1}")
    if not max(abs(x), abs(y), abs(w), abs(h)) <= _SHARE:
        raise DataError(f"{where} is {x:g} {y:g} {w:g} {h:g}; expected are shares of the image, between 0 and 1")
    return int(parts[0]), (x, y, w, h)


def _found(folder: Path) -> dict[str, _Set]:
    """The folders of each set."""
    found = dict[str, _Set]()
    for name, of in _SETS.items():
        for pictures, labels in (("images/{}", "labels/{}"), ("{}/images", "{}/labels")):
            here = _Set(folder / pictures.format(name), folder / labels.format(name))
            if here.pictures.is_dir():
                if of in found:
                    raise DataError(
                        f"{one_line(found[of].pictures)} and {one_line(here.pictures)} are both of the set {of};"
                        " move one away"
                    )
                found[of] = here
    if not found and (folder / "images").is_dir():
        return {"train": _Set(folder / "images", folder / "labels")}
    if not found:
        raise DataError(f"{one_line(folder)} has no folder of images; {_EXPECTED}")
    return found


def _names(folder: Path) -> list[str]:
    for path in (folder / name for name in _NAMES):
        if path.is_file():
            return _listed(read_yaml(path, Findings()).to_python(), path)
    for path in (folder / "classes.txt", folder / "labels" / "classes.txt"):
        if path.is_file():
            return read_lines(path)
    raise DataError(f"{one_line(folder)} has neither data.yaml nor classes.txt; say classes: [...]")


def _listed(content: Any, path: Path) -> list[str]:
    names = content.get("names") if isinstance(content, dict) else None
    if isinstance(names, dict) and set(names) == set(range(len(names))):
        names = [names[number] for number in range(len(names))]
    if not isinstance(names, list) or not names:
        raise DataError(f"{one_line(path)} has no list of names; mend it, or say classes: [...]")
    return [str(name) for name in names]
