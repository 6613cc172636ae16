"""Boxes as COCO lays them out: one JSON file for a set of images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from prunekit.core.data.contract import DataError
from prunekit.core.data.splits import Samples, Split, TrainPortion
from prunekit.plugins.datasets.box_table import Boxed, BoxTable, class_numbers
from prunekit.plugins.datasets.detection import IMAGE_SIZE, NO_MEAN, NO_STD, DetectionImages, detection_steps
from prunekit.plugins.datasets.scene_transforms import SceneTransforms
from prunekit.plugins.datasets.set_choice import SetChoice, TestPortion, TestSets
from prunekit.plugins.datasets.transforms import Colour, Deviation, Side, Size
from prunekit.registry import Register, RegisterType
from prunekit.registry.errors import one_line

_SETS = {"train": "train", "val": "val", "valid": "val", "test": "test"}
_EXPECTED = "expected is annotations/instances_train<any>.json, or train/_annotations.coco.json, and the same for val"


@Register.register(RegisterType.DATASET)
class CocoDetection(DetectionImages):
    """Images with boxes in COCO's layout.

    ``<data_path>/annotations/instances_<set><any>.json`` (set: train, val or test; any: as 2017), and the images in
    ``<set><any>``, ``images/<set><any>``, ``<set>``, ``images/<set>`` or ``images``; or
    ``<set>/_annotations.coco.json`` beside the images. Search evaluates on ``val``: images held out of the set
    train by a fixed permutation. What is a crowd counts neither as found nor as missed.

    Args:
        data_path: The folder that holds annotations and the folders of images.
        split: ``train``, ``val`` or ``test``.
        classes: Names of the classes in the order of their numbers; if not given, the categories of the set train by
            their ids.
        numbering: Whether classes are numbered by their ``order``, from 0 on without gaps, or by their ``ids``, which
            count from 1: an id of 90 is class 89, as the outputs of networks that torchvision has trained. Ids that
            the file does not list are classes of no box then.
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
        numbering: Literal["order", "ids"] = "order",
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
        found = _found(Path(data_path))
        sets = SetChoice(split, train_portion, test_portion, test_sets, samples)
        taken = sets.sets(found, one_line(data_path))
        train = _Instances.read(found["train"])
        numbers = class_numbers(classes, train.names, one_line(found["train"]))
        names = list(numbers)
        if numbering == "ids":
            if classes is not None:
                raise DataError("classes and numbering: ids both number the classes; give one of the two")
            numbers = train.numbers(one_line(found["train"]))
            by_number = {number: name for name, number in numbers.items()}
            names = [by_number.get(number, f"no class {number + 1}") for number in range(max(by_number) + 1)]
        read = [(name, train if name == "train" else _Instances.read(found[name])) for name in taken]
        images = BoxTable(
            (image for name, each in read for image in _boxed(Path(data_path), name, found[name], each, numbers)),
            " and ".join(one_line(found[name]) for name in taken),
        )
        super().__init__(images, sets.order(len(images), len(found) > 1), names, preparation, pad_multiple)


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)


class _Image(_Part):
    id: int
    file_name: str
    width: int = Field(ge=1)
    height: int = Field(ge=1)


class _Annotation(_Part):
    image_id: int
    category_id: int
    bbox: tuple[float, float, float, float]
    iscrowd: int = Field(0, ge=0, le=1)


class _Category(_Part):
    id: int
    name: str


class _Content(_Part):
    images: list[_Image]
    annotations: list[_Annotation]
    categories: list[_Category]


class _Instances(NamedTuple):
    images: list[_Image]
    boxes: dict[int, list[_Annotation]]
    categories: dict[int, str]

    @classmethod
    def read(cls, path: Path) -> _Instances:
        content = _content(path)
        boxes: dict[int, list[_Annotation]] = {image.id: [] for image in content.images}
        if len(boxes) != len(content.images):
            raise DataError(f"{one_line(path)} has two images of one id; mend the file")
        categories = {each.id: each.name for each in content.categories}
        for number, each in enumerate(content.annotations):
            if each.image_id not in boxes:
                raise DataError(
                    f"{one_line(path)}: annotations.{number} is of image {each.image_id}, which is not listed"
                )
            if each.category_id not in categories:
                raise DataError(
                    f"{one_line(path)}: annotations.{number} is of category {each.category_id}, which is not listed"
                )
            boxes[each.image_id].append(each)
        return cls(content.images, boxes, categories)

    def names(self) -> list[str]:
        return [self.categories[number] for number in sorted(self.categories)]

    def numbers(self, where: str) -> dict[str, int]:
        if min(self.categories) < 1:
            raise DataError(
                f"{where} has a category of the id {min(self.categories)}; with numbering: ids they are 1 on"
            )
        return {name: number - 1 for number, name in self.categories.items()}


def _content(path: Path) -> _Content:
    try:
        return _Content.model_validate_json(path.read_bytes())
    except OSError as problem:
        raise DataError(f"{one_line(path)} cannot be read: {problem.strerror}") from problem
    except ValidationError as problem:
        first = problem.errors(include_url=False, include_input=False)[0]
        where = "".join(f"{part}." for part in first["loc"]).rstrip(".") or "the file"
        raise DataError(
            f"{one_line(path)}: {where}: {one_line(first['msg'])}; expected is COCO's format of instances"
        ) from problem


def _boxed(
    folder: Path, set_name: str, source: Path, instances: _Instances, numbers: Mapping[str, int]
) -> Iterator[Boxed]:
    images_in = _images_in(folder, set_name, source, instances)
    for image in instances.images:
        path = images_in / image.file_name
        if not path.is_file():
            raise DataError(
                f"{one_line(source)} lists {one_line(image.file_name)}, which is not in {one_line(images_in)}"
            )
        found = instances.boxes[image.id]
        names = [instances.categories[each.category_id] for each in found]
        unknown = [name for name in names if name not in numbers]
        if unknown:
            raise DataError(
                f"{one_line(source)} has a box of the class {one_line(unknown[0])} in {one_line(image.file_name)};"
                f" classes are {', '.join(map(one_line, numbers))}"
            )
        boxes = [(x, y, x + width, y + height) for x, y, width, height in (each.bbox for each in found)]
        size = image.width, image.height
        yield Boxed(path, size, boxes, [numbers[name] for name in names], [e.iscrowd for e in found], image.id, source)


def _found(folder: Path) -> dict[str, Path]:
    """The file of each set."""
    if not folder.is_dir():
        raise DataError(f"{one_line(folder)} is not a folder; {_EXPECTED}")
    found = dict[str, Path]()
    for name, of in _SETS.items():
        here = sorted((folder / "annotations").glob(f"instances_{name}[!a-z]*json"))
        here += [path for path in [folder / name / "_annotations.coco.json"] if path.is_file()]
        if (of in found and here) or len(here) > 1:
            several = [*([found[of]] if of in found else []), *here]
            raise DataError(
                f"{one_line(several[0])} and {one_line(several[1])} are both of the set {of}; move one away"
            )
        if here:
            found[of] = here[0]
    if not found:
        raise DataError(f"{one_line(folder)} has no annotations; {_EXPECTED}")
    return found


def _images_in(folder: Path, set_name: str, source: Path, instances: _Instances) -> Path:
    """Where the images lie: the first of the places that has one of them."""
    if source.parent.name != "annotations":
        return source.parent
    whole = source.stem.removeprefix("instances_")
    places = [folder / name for name in (whole, f"images/{whole}", set_name, f"images/{set_name}", "images")]
    for image in instances.images[:1]:
        for place in places:
            if (place / image.file_name).is_file():
                return place
        names = ", ".join(one_line(place.relative_to(folder)) for place in dict.fromkeys(places))
        raise DataError(
            f"{one_line(source)} lists {one_line(image.file_name)}, which is in none of the folders {names}"
        )
    return places[0]
