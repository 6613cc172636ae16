"""No import runs in a circle: neither between modules nor, at any depth, between folders.

Every import counts, those inside functions and under TYPE_CHECKING too, so that none of them hides a circle. As a
script it prints the circles: ``python tests/test_import_circles.py [FOLDER]``.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOMS = ("registry", "core", "plugins", "model_zoo")
Graph = Mapping[str, set[str]]


def test_no_import_runs_in_a_circle() -> None:
    assert list(circles(imports(ROOT))) == []


def test_a_circle_is_found_wherever_it_hides(tmp_path: Path) -> None:
    files = {
        "core/one/a.py": "def f():\n    from prunekit.core.two import b",
        "core/two/b.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import prunekit.core.two.c",
        "core/two/c.py": "from prunekit.core.two.b import x",
        "core/two/d.py": "from prunekit.core.one import e",
        "core/one/e.py": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert list(circles(imports(tmp_path))) == [
        "prunekit.core: one, two",
        "prunekit.core.two: b, c",
    ]


def imports(root: Path) -> dict[str, set[str]]:
    """For each module of the four folders the modules that it imports; a package stands for its ``__init__``."""
    files = {_name(root, path): path for room in ROOMS for path in (root / room).rglob("*.py")}
    return {name: set(_imported(path, files.keys())) - {name} for name, path in files.items()}


def circles(graph: Graph) -> Iterator[str]:
    """Each set of modules, or of folders beside each other, that reach each other, as ``folder: names``."""
    for parent in sorted({parent for name in graph for parent in _parents(name)}):
        children: dict[str, set[str]] = {}
        for name, targets in graph.items():
            if (own := _child(name, parent)) is not None:
                found = {_child(target, parent) for target in targets} - {None, own}
                children.setdefault(own, set()).update(str(child) for child in found)
        for together in _components(children):
            yield f"{parent}: {', '.join(together)}"


def _name(root: Path, path: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(["prunekit", *parts])


def _imported(path: Path, known: object) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if _module(name, known) else node.module for name in inner]
        else:
            continue
        yield from filter(None, (_module(name, known) for name in names))


def _module(name: str, known: object) -> str | None:
    """The module or package of this name among those known."""
    return next((each for each in (name, f"{name}.__init__") if each in known), None)  # type: ignore[operator]


def _parents(name: str) -> Iterator[str]:
    parts = name.split(".")
    for end in range(1, len(parts)):
        yield ".".join(parts[:end])


def _child(name: str, parent: str) -> str | None:
    """Which child of a package a module is, or lies in; None where it lies elsewhere."""
    return name[len(parent) + 1 :].partition(".")[0] if name.startswith(f"{parent}.") else None


def _components(graph: Graph) -> list[list[str]]:
    """Nodes that reach each other."""
    reached = {node: _reached(graph, node) for node in graph}
    found = {tuple(sorted(b for b in reached[a] if a in reached.get(b, ()))) for a in graph if a in reached[a]}
    return sorted(map(list, found))


def _reached(graph: Graph, start: str) -> set[str]:
    seen, waiting = set[str](), [start]
    while waiting:
        for node in graph.get(waiting.pop(), set()) - seen:
            seen.add(node)
            waiting.append(node)
    return seen


if __name__ == "__main__":
    found = list(circles(imports(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT)))
    print("\n".join(found) or "no circle")
    sys.exit(bool(found))
