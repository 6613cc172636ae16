"""What may import what, and what may not be imported at start-up."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("core", "plugins", "registry", "model_zoo")
HEAVY = ("torch", "mindspore", "numpy", "pydantic", "matplotlib", "rich", "yaml", "graphviz", "fvcore")
FRAMEWORKS = ("torch", "mindspore", "matplotlib", "fvcore")


def _modules_after(code: str) -> set[str]:
    """Names of the modules that a fresh process has after running ``code``."""
    code = f"import sys\n{code}\nprint('\\n' + ' '.join(sys.modules))"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(ended.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(
    "code",
    [
        "import prunekit; dir(prunekit); prunekit.__version__",
        "import prunekit.registry",
        "import prunekit.core.cli.main",
        "from prunekit.core.cli.main import main; main(['list'])",
        "from prunekit.core.cli.main import main; main(['list', 'network', '--json'])",
        "from prunekit.core.cli.main import main; main(['example'])",
        "from prunekit import Register, RegisterType; Register.entry(RegisterType.NETWORK, 'ResNet56', 'pytorch')",
    ],
)
def test_start_up_is_light_and_has_one_copy_of_everything(code: str) -> None:
    modules = _modules_after(code)
    assert not modules & {*HEAVY, *ROOMS}


def test_reading_a_yml_imports_no_framework_of_its_own() -> None:
    modules = _modules_after("import prunekit.core.config, prunekit.core.cli.run, prunekit.core.pipeline.run")
    assert not modules & {*FRAMEWORKS, *ROOMS}


def test_public_names_are_there() -> None:
    code = "import prunekit; [getattr(prunekit, name) for name in prunekit.__all__]"
    modules = _modules_after(code)
    assert not modules & {*FRAMEWORKS, *ROOMS}


def test_a_whole_command_has_one_copy_of_everything() -> None:
    demo, backend = ROOT / "examples" / "demo.yml", os.environ["PRUNEKIT_TEST_BACKEND"]
    modules = _modules_after(
        f"from prunekit.core.cli.main import main; main(['check', {str(demo)!r}, '-b', {backend!r}])"
    )
    assert modules & {*FRAMEWORKS} >= {{"pytorch": "torch"}.get(backend, backend)} and not modules & {*ROOMS}


def test_list_is_quick() -> None:
    words = [sys.executable, "-c", "from prunekit.core.cli.main import main; main(['list'])"]
    times = []
    for _ in range(3):
        start = time.perf_counter()
        subprocess.run(words, check=True, capture_output=True)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.6  # 0.11 s on the machine it was written on; the rest is for busy ones


@pytest.mark.parametrize("path", sorted(p for room in ROOMS for p in (ROOT / room).rglob("*.py")), ids=str)
def test_files_are_short_and_well_named(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 600
    assert path.stem not in ("utils", "util", "helpers", "helper", "common", "misc")
    classes = [node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ClassDef)]
    assert not [name for name in classes if name.endswith("Manager")]


def _lint(folder: Path) -> subprocess.CompletedProcess[str]:
    lint = Path(sys.executable).with_name("lint-imports")
    if not lint.exists():
        pytest.skip("import-linter is not installed")
    return subprocess.run(
        [lint, "--no-cache"], cwd=folder, env={**os.environ, "PYTHONPATH": ".dev"}, capture_output=True, text=True
    )


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    skip = shutil.ignore_patterns("__pycache__")
    for name in ROOMS:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=skip)
    shutil.copytree(ROOT / ".dev", tmp_path / ".dev", symlinks=True)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_import_contracts_hold() -> None:
    ended = _lint(ROOT)
    assert ended.returncode == 0, ended.stdout
    assert "0 broken" in ended.stdout


@pytest.mark.parametrize(
    ("file", "line", "said"),
    [
        ("core/text_table.py", "import prunekit.plugins.trainers.settings", "prunekit.core is not allowed to import"),
        ("registry/entry.py", "import prunekit.core.text_table", "prunekit.registry is not allowed to import"),
        ("core/text_table.py", "def f() -> None:\n    import torch", "prunekit.core is not allowed to import torch"),
        ("plugins/metrics/accuracy.py", "import prunekit.model_zoo.resnet", "prunekit.plugins"),
    ],
)
def test_a_violation_is_found(copied: Path, file: str, line: str, said: str) -> None:
    path = copied / file
    path.write_text(f"{path.read_text()}\n{line}\n")
    ended = _lint(copied)
    assert ended.returncode == 1
    assert said in " ".join(ended.stdout.split())


def test_list_json_can_be_read() -> None:
    words = [sys.executable, "-c", "from prunekit.core.cli.main import main; main(['list', 'reward', '--json'])"]
    found = json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
    assert {entry["name"] for entry in found} >= {"acc_flops", "acc_params"}
    assert {entry["type"] for entry in found} == {"reward"}
