"""The files of ``examples/model_pack`` as Markdown that includes them, each under what it registers."""

from __future__ import annotations

import ast
import os
from pathlib import Path

LANGUAGES = {".py": "python", ".toml": "toml", ".yml": "yaml"}


def markdown(pack: Path, page: Path) -> str:
    """A section for every file of the pack: its declaration, its yml, its manifest, and each module.

    Args:
        pack: The folder of the distribution.
        page: The page that the sections stand on.
    """
    modules = sorted(path for path in pack.glob("*/*.py") if path.stem != "__init__")
    manifest = next(path for path in modules if path.stem == "module_register")
    found = [*sorted(pack.glob("*.toml")), *sorted(pack.glob("*.yml")), manifest]
    found += [path for path in modules if path != manifest]
    registered = _registered(manifest)
    return "\n\n".join(_section(path, registered.get(path.stem, []), page) for path in found) + "\n"


def _section(path: Path, names: list[str], page: Path) -> str:
    title = f"`{path.name}`" + (f": {', '.join(names)}" if names else "")
    about = ""
    if path.suffix == ".py":
        about = (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").partition("\n\n")[0]
    place = Path(os.path.relpath(path, page.parent)).as_posix()
    return "\n\n".join(
        filter(
            None, [f"### {title}", about, f"```{{literalinclude}} {place}\n:language: {LANGUAGES[path.suffix]}\n```"]
        )
    )


def _registered(manifest: Path) -> dict[str, list[str]]:
    """For each module what the manifest says that it holds: ``network StripeNet``."""
    assigned = [node for node in ast.parse(manifest.read_text(encoding="utf-8")).body if isinstance(node, ast.Assign)]
    found: dict[str, list[str]] = {}
    for entry in ast.literal_eval(assigned[-1].value):
        module = entry["target"].partition(":")[0].rpartition(".")[2]
        found.setdefault(module, []).append(f"{entry['type']} `{entry['name']}`")
    return found
