from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import importlib_metadata  # noqa: F401 - puts its finder there as it is imported, so before a test looks at them
import pytest

from prunekit.registry import Register

Install = Callable[..., None]


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The registry as a process finds it that has looked nothing up; modules of the test are forgotten afterwards."""
    finders = list(sys.meta_path)
    monkeypatch.delenv("PRUNEKIT_BLOCK", raising=False)
    with Register.isolated():
        Register._packs = None
        Register._table.declared = []
        yield
    assert sys.meta_path == finders
    for name, module in list(sys.modules.items()):
        inside = getattr(module, "__path__", None)
        places = [getattr(module, "__file__", None), *(inside if isinstance(inside, list) else ())]  # torch has others
        if any(str(place).startswith(str(tmp_path)) for place in places):
            del sys.modules[name]


@pytest.fixture
def install(fresh: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Leave what pip leaves of a pack: its module, and a dist-info with an entry point."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)

    def leave(
        distribution: str,
        text: str = "MODULE_REGISTER = []",
        *,
        group: str = "prunekit.packs.v1",
        name: str = "main",
        requires: str | None = None,
    ) -> None:
        module = distribution.replace("-", "_")
        value = f"{module}:MODULE_REGISTER" if ".packs." in group else module
        (folder / f"{module}.py").write_text(text)
        info = folder / f"{module}-1.5.dist-info"
        info.mkdir(exist_ok=True)
        needs = f"Requires-Dist: {requires}\n" if requires else ""
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.5\n{needs}")
        with (info / "entry_points.txt").open("a") as points:
            points.write(f"[{group}]\n{name} = {value}\n")

    return leave
