"""Lists of images: the names that a text file holds, and the images that lie in a folder."""

from __future__ import annotations

import os
from pathlib import Path

from prunekit.core.data.contract import DataError
from prunekit.plugins.datasets.images import EXTENSIONS
from prunekit.registry.errors import one_line


def read_lines(path: Path) -> list[str]:
    """The lines of a text file, without white space around them and without empty ones.

    Raises:
        DataError: It cannot be read, or is no text.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as problem:
        raise DataError(f"{one_line(path)} cannot be read: {problem.strerror}") from problem
    except UnicodeDecodeError as problem:
        raise DataError(f"{one_line(path)} is no text in UTF-8: {problem.reason}") from problem
    return [line.strip() for line in text.splitlines() if line.strip()]


def listed_names(path: Path) -> list[str]:
    """The names of a list, one a line; what stands behind a name is left out.

    Raises:
        DataError: It cannot be read, lists a name twice or none, or one leads to another folder.
    """
    names = [line.split()[0] for line in read_lines(path)]
    if not names:
        raise DataError(f"{one_line(path)} lists no image")
    seen = set[str]()
    for name in names:
        if name in seen:
            raise DataError(f"{one_line(path)} lists {one_line(name)} twice; remove one")
        if "\\" in name or "/" in name or name in (".", ".."):
            raise DataError(f"{one_line(path)} lists {one_line(name)}; expected are names without folders")
        seen.add(name)
    return names


def found_images(folder: Path) -> dict[str, Path]:
    """The images in a folder by their names without ending; hidden ones are left out, none is opened.

    Raises:
        DataError: The folder cannot be read, or two images have one name.
    """
    try:
        with os.scandir(folder) as entries:
            names = sorted(each.name for each in entries if each.name[0] != "." and _is_image(each.name))
    except OSError as problem:
        raise DataError(f"{one_line(folder)} cannot be read: {problem.strerror}") from problem
    found = dict[str, Path]()
    for name in names:
        path = folder / name
        if path.stem in found:
            raise DataError(f"{one_line(path)} and {one_line(found[path.stem].name)} differ only in their ending")
        found[path.stem] = path
    return found


def _is_image(name: str) -> bool:
    return name.lower().endswith(EXTENSIONS)
