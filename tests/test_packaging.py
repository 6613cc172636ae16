"""Every package on disk is in the distribution."""

from __future__ import annotations

import os
import runpy
import shutil
import subprocess
import sys
import zipfile
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from importlib_metadata import entry_points

ROOT = Path(__file__).parents[1]
ROOMS = ("core", "plugins", "registry", "model_zoo")
EXAMPLES = ROOT / "examples"
YMLS = [path for path in EXAMPLES.rglob("*.yml") if EXAMPLES / "model_pack" not in path.parents]


def _on_disk() -> set[str]:
    found = {p.parent.relative_to(ROOT) for room in ROOMS for p in (ROOT / room).rglob("__init__.py")}
    packages = {"prunekit." + ".".join(path.parts) for path in found}
    return packages - {"prunekit.core._package"} | {"prunekit", "prunekit.examples"}


def test_setup_names_every_package(monkeypatch: pytest.MonkeyPatch) -> None:
    setuptools = pytest.importorskip("setuptools")
    given: dict[str, Any] = {}
    monkeypatch.setattr(setuptools, "setup", lambda **words: given.update(words))
    monkeypatch.chdir(ROOT)
    runpy.run_path("setup.py")
    assert set(given["packages"]) == _on_disk()
    assert len(given["packages"]) == len(set(given["packages"]))


def test_every_folder_with_code_is_a_package() -> None:
    folders = {path.parent for room in ROOMS for path in (ROOT / room).rglob("*.py")}
    assert not [folder for folder in folders if not (folder / "__init__.py").exists()]


def test_the_links_for_tools_lead_to_the_rooms() -> None:
    for room in ROOMS:
        assert (ROOT / ".dev" / "prunekit" / room).resolve() == ROOT / room
    assert (ROOT / ".dev" / "prunekit" / "__init__.py").resolve() == ROOT / "core" / "_package" / "__init__.py"


def test_the_command_and_the_packs_are_declared() -> None:
    command = [point for point in entry_points(group="console_scripts") if point.name == "prunekit"]
    assert [point.value for point in command] == ["prunekit.core.cli.main:main"]
    ours = {point.value for point in entry_points(group="prunekit.packs.v1")}
    assert ours >= {
        "prunekit.plugins.module_register:MODULE_REGISTER",
        "prunekit.model_zoo.module_register:MODULE_REGISTER",
    }


def test_what_our_manifests_promise_is_there() -> None:
    from prunekit.registry import FRAMEWORKS, BrokenEntryError, Register

    for entry in Register.entries():
        if entry.origin.startswith("prunekit "):
            try:
                found = Register.load(entry)
            except BrokenEntryError as problem:
                assert problem.missing in FRAMEWORKS and find_spec(problem.missing) is None
                continue
            assert f"{found.__module__}:{found.__qualname__}" == entry.target
            asked = f"{entry.name}model" if entry.open else entry.name
            known = Register.entry(entry.type, asked, entry.backend)
            assert entry.open or known in (entry, _registered(entry))


def _registered(entry: Any) -> Any:
    from prunekit.registry import Register

    return next(e for e in Register.entries(entry.type) if e.target == entry.target and e.name == entry.name)


def test_the_wheel_holds_everything_and_works(tmp_path: Path) -> None:
    pytest.importorskip("setuptools", minversion="77", reason="building without network needs setuptools here")
    pytest.importorskip("pip")
    source = tmp_path / "source"
    ignored = shutil.ignore_patterns("__pycache__", ".git", ".venv*", "build", "*.egg-info", "tasks", ".*_cache")
    shutil.copytree(ROOT, source, symlinks=True, ignore=ignored)
    pip = [sys.executable, "-m", "pip"]
    build = [*pip, "wheel", "--no-build-isolation", "--no-deps", "--no-index", "-w", tmp_path, source]
    subprocess.run(build, check=True, capture_output=True)
    wheel = next(tmp_path.glob("*.whl"))
    names = zipfile.ZipFile(wheel).namelist()
    packages = {Path(name).parent.as_posix().replace("/", ".") for name in names if name.endswith("/__init__.py")}
    assert packages == _on_disk()
    assert not [name for name in names if "_package" in name or name.startswith(("tests", "core/", "plugins/"))]
    modules = {p.relative_to(ROOT).as_posix() for room in ROOMS for p in (ROOT / room).rglob("*.py")}
    shipped = {name.removeprefix("prunekit/") for name in names if name.endswith(".py")}
    assert shipped == {name for name in modules if "_package" not in name} | {"__init__.py", "examples/__init__.py"}
    ymls = {name.removeprefix("prunekit/") for name in names if name.endswith(".yml")}
    assert ymls == {path.relative_to(ROOT).as_posix() for path in YMLS}
    assert {f"prunekit/{room}/py.typed" for room in ROOMS} | {"prunekit/py.typed"} <= set(names)
    target = tmp_path / "installed"
    subprocess.run([*pip, "install", "--no-deps", "--no-index", "-t", target, wheel], check=True, capture_output=True)
    code = (
        "import prunekit; from prunekit.core.cli.main import main; print(prunekit.__file__)\n"
        "main(['list', 'network']); main(['example']); main(['example', 'resnet50_amc.yml'])"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(target)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert str(target) in ended.stdout.splitlines()[0]
    assert "ResNet56" in ended.stdout
    assert all(path.name in ended.stdout for path in YMLS)
    assert (tmp_path / "resnet50_amc.yml").read_bytes() == next(
        (EXAMPLES / "pytorch").rglob("resnet50_amc.yml")
    ).read_bytes()


def test_the_examples_are_found_from_a_checkout_too() -> None:
    assert Path(str(files("prunekit.examples"))) == EXAMPLES
