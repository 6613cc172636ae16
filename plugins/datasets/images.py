"""Decodes image files. Pillow's limits stay on, and a file that it cannot decode is named."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from PIL import Image, UnidentifiedImageError

from prunekit.core.data.contract import DataError
from prunekit.registry.errors import one_line, reason

EXTENSIONS = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")  # torchvision's list
_FORMATS = ("JPEG", "PNG", "PPM", "BMP", "TIFF", "WEBP")  # by content; others, such as EPS, start other programs
_DEEP = ("I", "F")  # how the modes of more than 8 bits a pixel begin
_REPAIR = "replace the file or delete it"
_Taken = TypeVar("_Taken")


def read_image(path: Path) -> Image.Image:
    """Return an image as 8-bit RGB, as it is stored: its EXIF orientation is not applied.

    Grey, palette and CMYK images are converted; transparency is dropped.

    Raises:
        DataError: The file cannot be read, is no whole image, or is too large or too deep.
    """
    return _opened(path, lambda image: image.convert("RGB"))


def read_mask(path: Path) -> Image.Image:
    """Return an image whose pixels are class numbers, of 8 bits: of a palette the positions, of one bit 0 and 1.

    Raises:
        DataError: As `read_image`; or it has several channels.
    """
    mask = _opened(path, _numbers)
    if mask is None:
        raise DataError(
            f"{one_line(path)} has several channels; a mask has one, which holds the number of a class in each pixel"
        )
    return mask


def read_size(path: Path) -> tuple[int, int]:
    """Return width and height of an image, of which no more than its beginning is read.

    Raises:
        DataError: As `read_image`, as far as its beginning tells.
    """
    return _opened(path, lambda image: image.size)


def _numbers(image: Image.Image) -> Image.Image | None:
    if image.mode == "P":
        return Image.frombytes("L", image.size, image.tobytes())
    if image.mode == "1":
        return image.convert("L").point([min(value, 1) for value in range(256)])
    return image.convert("L") if image.mode == "L" else None


def _opened(path: Path, take: Callable[[Image.Image], _Taken]) -> _Taken:
    """What is taken from an image while its file is open."""
    named = one_line(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of damaged metadata, which nothing here uses
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=_FORMATS) as image:
                if not image.mode.startswith(_DEEP):
                    return take(image)
                mode = image.mode
    except UnidentifiedImageError as problem:
        raise DataError(f"{named} is no image ({', '.join(_FORMATS)}), or its start is damaged; {_REPAIR}") from problem
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as problem:
        raise DataError(
            f"{named} has more than {Image.MAX_IMAGE_PIXELS:,} pixels, which is refused as an attack on memory;"
            " scale the image down or delete it"
        ) from problem
    except Exception as problem:  # Pillow's decoders raise whatever a damaged file leads them to
        if isinstance(problem, OSError) and problem.strerror:
            raise DataError(f"{named} cannot be read: {problem.strerror}") from problem
        raise DataError(f"{named} cannot be decoded: {reason(problem)}; {_REPAIR}") from problem
    raise DataError(f"{named} has pixels of more than 8 bits (Pillow's mode {mode}); convert it to 8 bits a channel")
