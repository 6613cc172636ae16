"""``prunekit example``: the yml files that come with prunekit."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from prunekit.core.config.problems import did_you_mean
from prunekit.core.tables import columns
from prunekit.core.writing import write
from prunekit.registry import PrunekitError

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

HOME = "prunekit.examples"


def list_examples() -> int:
    """Print each example's name and what it is for: its first comment."""
    rows = [(name, _purpose(file)) for name, file in sorted(_examples().items())]
    print("\n".join(columns(("name", "what it does"), rows)))
    return 0


def write_example(name: str) -> int:
    """Write an example into the current folder.

    Raises:
        PrunekitError: There is no such example, or a file of its name is there already.
    """
    found = _examples()
    if name not in found:
        hint = did_you_mean(name, found) or f" There are {', '.join(sorted(found))}."
        raise PrunekitError(f"no example {name!r}.{hint}")
    if Path(name).exists():
        raise PrunekitError(f"{name} is there already; it is not overwritten")
    write(Path(name), found[name].read_text(encoding="utf-8"))
    print(f"wrote {name}; set its paths, then: prunekit check {name}")
    return 0


def _examples() -> dict[str, Traversable]:
    """The files by name, which no two share."""
    return {file.name: file for file in _ymls(files(HOME))}


def _ymls(folder: Traversable) -> Iterator[Traversable]:
    inside = list(folder.iterdir())
    if any(each.name == "pyproject.toml" for each in inside):  # a distribution of its own, in a checkout only
        return
    for each in inside:
        if each.is_dir():
            yield from _ymls(each)
        elif each.name.endswith(".yml"):
            yield each


def _purpose(file: Traversable) -> str:
    return file.read_text(encoding="utf-8").partition("\n")[0].lstrip("# ")
