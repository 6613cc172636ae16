"""Decodes image files. Pillow's limits stay on, and a file that it cannot decode is named."""

from __future__ import annotations

import warnings
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from prunekit.core.data.contract import DataError
from prunekit.registry.errors import one_line, reason

EXTENSIONS = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")  # torchvision's list
_FORMATS = ("JPEG", "PNG", "PPM", "BMP", "TIFF", "WEBP")  # by content; others, such as EPS, start other programs
_DEEP = ("I", "F")  # how the modes of more than 8 bits a pixel begin
_REPAIR = "replace the file or delete it"


def read_image(path: Path) -> Image.Image:
    """Return an image as 8-bit RGB, as it is stored: its EXIF orientation is not applied.

    Grey, palette and CMYK images are converted; transparency is dropped.

    Raises:
        DataError: The file cannot be read, is no whole image, or is too large or too deep.
    """
    named = one_line(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of damaged metadata, which nothing here uses
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=_FORMATS) as image:
                if not image.mode.startswith(_DEEP):
                    return image.convert("RGB")
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
