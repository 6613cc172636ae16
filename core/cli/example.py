"""``prunekit example``: the yml files that come with prunekit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from prunekit.core.atomic_file import write_text
from prunekit.core.backend_factory import DEFAULT_BACKEND
from prunekit.core.text_table import columns
from prunekit.registry import PrunekitError, Register, RegisterType, did_you_mean

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

HOME = "prunekit.examples"
_GENERAL = re.compile(r"(?m)^(  backend: )\w+")


def list_examples(backend: str | None) -> int:
    """Print each example's name, the backends that it is there for, and what it is for: its first comment."""
    chosen = _chosen(backend)
    rows = [
        (name, ", ".join(filter(None, files)) or "any", _purpose(next(iter(files.values()))))
        for name, files in sorted(_examples().items())
        if backend is None or None in files or chosen in files
    ]
    print("\n".join(columns(("name", "backend", "what it does"), rows)))
    return 0


def write_example(name: str, backend: str | None) -> int:
    """Write an example into the current folder.

    Args:
        name: Of its file.
        backend: For which framework, by a name or alias; None for the one that a yml has if it names none.

    Raises:
        PrunekitError: There is no such example or backend, or a file of its name is there already.
    """
    found, chosen = _examples(), _chosen(backend)
    if name not in found:
        hint = did_you_mean(name, found) or f" There are {', '.join(sorted(found))}."
        raise PrunekitError(f"no example {name!r}.{hint}")
    file = found[name].get(chosen, found[name].get(None))
    if file is None:
        there = ", ".join(filter(None, found[name]))
        raise PrunekitError(f"no example {name!r} for backend {chosen}; there is one for {there}")
    if Path(name).exists():
        raise PrunekitError(f"{name} is there already; it is not overwritten")
    text = _GENERAL.sub(rf"\g<1>{chosen}", file.read_text(encoding="utf-8"), count=1)
    write_text(Path(name), text)
    print(f"wrote {name} for {chosen}; set its paths, then: prunekit check {name}")
    return 0


def _chosen(backend: str | None) -> str:
    """The backend's name in the registry, which is also its folder's."""
    return Register.entry(RegisterType.BACKEND, backend or DEFAULT_BACKEND).name


def _examples() -> dict[str, dict[str | None, Traversable]]:
    """The files by name and backend; one that any backend runs has None."""
    backends = {entry.name for entry in Register.entries(RegisterType.BACKEND)}
    found: dict[str, dict[str | None, Traversable]] = {}
    for folder in files(HOME).iterdir():
        own = folder.name if folder.name in backends else None
        for file in _ymls(folder):
            found.setdefault(file.name, {})[own] = file
    return found


def _ymls(place: Traversable) -> Iterator[Traversable]:
    if not place.is_dir():
        if place.name.endswith(".yml"):
            yield place
        return
    inside = list(place.iterdir())
    if any(each.name == "pyproject.toml" for each in inside):  # a distribution of its own, in a checkout only
        return
    for each in inside:
        yield from _ymls(each)


def _purpose(file: Traversable) -> str:
    return file.read_text(encoding="utf-8").partition("\n")[0].lstrip("# ")
