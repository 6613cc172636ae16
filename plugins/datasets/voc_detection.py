"""Boxes as PASCAL VOC lays them out: one XML file an image."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from xml.etree.ElementTree import Element

from prunekit.core.data.contract import DataError
from prunekit.core.data.splits import Samples, Split, TrainPortion
from prunekit.plugins.datasets.box_table import Boxed, BoxTable, class_numbers
from prunekit.plugins.datasets.detection import IMAGE_SIZE, NO_MEAN, NO_STD, DetectionImages, detection_steps
from prunekit.plugins.datasets.image_lists import found_images, listed_names
from prunekit.plugins.datasets.scene_transforms import SceneTransforms
from prunekit.plugins.datasets.set_choice import SetChoice, TestPortion, TestSets
from prunekit.plugins.datasets.transforms import Colour, Deviation, Side, Size
from prunekit.plugins.datasets.xml_file import read_xml
from prunekit.registry import Register, RegisterType
from prunekit.registry.errors import one_line

_SETS = ("train", "val", "test")
_EDGES = ("xmin", "ymin", "xmax", "ymax")


@Register.register(RegisterType.DATASET)
class VocDetection(DetectionImages):
    """Images with boxes in PASCAL VOC's layout.

    ``<data_path>/JPEGImages/<name>.jpg`` (or png, ...), ``Annotations/<name>.xml``, and the names in
    ``ImageSets/Main/train.txt``, ``val.txt`` and ``test.txt``. Search evaluates on ``val``: images held out of the set
    train by a fixed permutation. Edges are taken as they stand in the files; what a file marks as difficult counts
    neither as found nor as missed.

    Args:
        data_path: The folder that holds JPEGImages, Annotations and ImageSets.
        split: ``train``, ``val`` or ``test``.
        classes: Names of the classes in the order of their numbers; if not given, those in the annotations, sorted.
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
        folder = _Folder.of(Path(data_path))
        choice = SetChoice(split, train_portion, test_portion, test_sets, samples)
        sets = choice.sets(folder.lists, one_line(folder.lists_in))
        read = {name: folder.annotations(name) for name in (folder.lists if classes is None else sets)}
        numbers = class_numbers(classes, lambda: _names(read.values()), one_line(folder.path / "Annotations"))
        images = BoxTable(
            folder.images((each for name in sets for each in read[name]), numbers),
            f"{one_line(folder.lists_in)} ({' and '.join(sets)})",
        )
        chosen = choice.order(len(images), whole=len(folder.lists) > 1)
        super().__init__(images, chosen, list(numbers), preparation, pad_multiple)


class _Object(NamedTuple):
    name: str
    box: tuple[float, ...]
    difficult: bool


class _Annotation(NamedTuple):
    path: Path
    size: tuple[int, int]
    objects: list[_Object]


class _Folder(NamedTuple):
    path: Path
    lists_in: Path
    lists: dict[str, Path]

    @classmethod
    def of(cls, path: Path) -> _Folder:
        for name in ("JPEGImages", "Annotations"):
            if not (path / name).is_dir():
                raise DataError(
                    f"{one_line(path)} has no folder {name}; expected are JPEGImages, Annotations and ImageSets/Main"
                )
        lists_in = path / "ImageSets" / "Main"
        found = {name: lists_in / f"{name}.txt" for name in _SETS if (lists_in / f"{name}.txt").is_file()}
        return cls(path, lists_in, found)

    def annotations(self, set_name: str) -> list[_Annotation]:
        names = listed_names(self.lists[set_name])
        return [_annotation(self.path / "Annotations" / f"{name}.xml") for name in names]

    def images(self, annotations: Iterable[_Annotation], numbers: Mapping[str, int]) -> Iterator[Boxed]:
        files = found_images(self.path / "JPEGImages")
        for path, size, objects in annotations:
            if path.stem not in files:
                raise DataError(
                    f"{one_line(path)} has no image: {one_line(path.stem)}.jpg, or the like, is not in JPEGImages"
                )
            unknown = [each.name for each in objects if each.name not in numbers]
            if unknown:
                raise DataError(
                    f"{one_line(path)} has an object of the class {one_line(unknown[0])}, which is not in classes:"
                    f" {', '.join(map(one_line, numbers))}"
                )
            labels, crowd = [numbers[each.name] for each in objects], [int(each.difficult) for each in objects]
            yield Boxed(files[path.stem], size, [each.box for each in objects], labels, crowd, None, path)


def _names(sets: Iterable[list[_Annotation]]) -> list[str]:
    return sorted({each.name for annotations in sets for annotation in annotations for each in annotation.objects})


def _annotation(path: Path) -> _Annotation:
    root = read_xml(path)
    size = tuple(int(_number(root, f"size/{side}", path)) for side in ("width", "height"))
    objects = [
        _Object(
            _text(each, "name", path),
            tuple(_number(each, f"bndbox/{edge}", path) for edge in _EDGES),
            (each.findtext("difficult") or "0").strip() == "1",
        )
        for each in root.iterfind("object")
    ]
    return _Annotation(path, (size[0], size[1]), objects)


def _text(element: Element, where: str, path: Path) -> str:
    text = (element.findtext(where) or "").strip()
    if not text:
        raise DataError(f"{one_line(path)} has no {where} in its {element.tag}; mend the file")
    return text


def _number(element: Element, where: str, path: Path) -> float:
    text = _text(element, where, path)
    try:
        return float(text)
    except ValueError as problem:
        raise DataError(
            f"{one_line(path)}: {where} is {one_line(text)}, which is no number; mend the file"
        ) from problem
