"""``--import NAME``: imports a user's module for its decorators and its ``MODULE_REGISTER``."""

from __future__ import annotations

import re
import sys
import traceback
from pathlib import Path

from prunekit.registry.entry import Entry
from prunekit.registry.errors import PrunekitError, described, missing_module
from prunekit.registry.foreign_code import foreign_code
from prunekit.registry.local_import import import_by_name
from prunekit.registry.manifest import Source, read_manifest
from prunekit.registry.suggestions import did_you_mean

_MODULE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")


def import_user_module(name: str) -> list[Entry]:
    """Import a module and return what its ``MODULE_REGISTER`` declares, if it has one.

    Raises:
        PrunekitError: It cannot be imported, or what it declares is wrong.
    """
    words = f"--import {name}"
    if name.endswith(".py") or not _MODULE.fullmatch(name):
        raise PrunekitError(f"{words}: a module is named, not a file{_meant(name)}")
    try:
        with foreign_code():
            module = import_by_name(name)
    except KeyboardInterrupt:
        raise
    except BaseException as problem:  # the user's module: whatever it raises is told
        missing = missing_module(problem)
        hint = _near(missing) if missing else ""
        raise PrunekitError(f"{words}: {_raised(problem)}{described(problem)}{hint}") from problem
    manifest = getattr(module, "MODULE_REGISTER", None)
    if manifest is None:
        return []
    file = getattr(sys.modules[name], "__file__", None)
    return read_manifest(manifest, Source(words, folder=Path(file).parent if file else None))


def _raised(problem: BaseException) -> str:
    """The line of the module, or of what it imports, that raised; nothing where the module was not found or read."""
    frames = traceback.extract_tb(problem.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).parent == Path.cwd()]
    return f"{Path(own[-1].filename).name}:{own[-1].lineno}: " if own else ""


def _meant(name: str) -> str:
    """A hint for the name of a file: ``models/my_models.py`` means ``my_models``, in its folder."""
    path = Path(name.replace("\\", "/"))
    if not _MODULE.fullmatch(path.stem):
        return "; the name of a module has letters, digits and underscores only" if path.stem else ""
    elsewhere = "" if path.parent == Path() else f" (in the folder {path.parent})"
    return f"; did you mean {path.stem}{elsewhere}?"


def _near(missing: str) -> str:
    here = [path.stem for path in Path.cwd().glob("*.py")]
    here += [path.parent.name for path in Path.cwd().glob("*/__init__.py")]
    top = missing.partition(".")[0]
    hint = did_you_mean(top, here) if top not in here else ""
    return f".{hint}" if hint else ""
