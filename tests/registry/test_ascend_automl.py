"""A model file that was written for the guide's toolkit imports ours where the toolkit is not installed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

WORK = """
import sys
import prunekit
{then}
from ascend_automl.tools.register import Register, RegisterType
print(Register.__module__, RegisterType.NETWORK)
"""


def _run(code: str, *path: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path))}
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=30)


@pytest.fixture
def real(tmp_path: Path) -> Path:
    tools = tmp_path / "site/ascend_automl/tools"
    tools.mkdir(parents=True)
    (tools / "__init__.py").write_text("")
    (tools.parent / "__init__.py").write_text("")
    (tools / "register.py").write_text("class Register: pass\nclass RegisterType: NETWORK = 'real'\n")
    return tmp_path / "site"


OURS = "prunekit.registry.register RegisterType.NETWORK\n"
REAL = "ascend_automl.tools.register real\n"


def test_ours_where_there_is_none() -> None:
    ended = _run(WORK.format(then=""))
    assert ended.stdout == OURS, ended.stderr


def test_the_real_one_where_there_is_one(real: Path) -> None:
    assert _run(WORK.format(then=""), real).stdout == REAL


def test_the_real_one_wherever_it_comes_from_later(real: Path) -> None:
    assert _run(WORK.format(then=f"sys.path.append({str(real)!r})")).stdout == REAL
    finder = (
        "from importlib.machinery import PathFinder\nclass Late:\n    def find_spec(self, name, path, target=None):\n"
    )
    finder += f"        return PathFinder.find_spec(name, path or [{str(real)!r}])\nsys.meta_path.append(Late())"
    assert _run(WORK.format(then=finder)).stdout == REAL


def test_a_folder_that_is_made_after_it_was_looked_for(real: Path) -> None:
    then = f"""
import os, importlib.util
os.rename({str(real / "ascend_automl")!r}, {str(real / "away")!r})
sys.path.append({str(real)!r})
try: import nothing_of_that_name
except ImportError: pass
os.rename({str(real / "away")!r}, {str(real / "ascend_automl")!r})
"""
    assert _run(WORK.format(then=then)).stdout == REAL


def test_nothing_is_added_to_the_real_one(real: Path) -> None:
    (real / "ascend_automl/tools/register.py").unlink()
    assert "No module named 'ascend_automl.tools.register'" in _run(WORK.format(then=""), real).stderr


def test_a_folder_of_that_name_with_models_in_it_is_not_the_toolkit(tmp_path: Path) -> None:
    models = tmp_path / "ascend_automl/core/networks"
    models.mkdir(parents=True)
    (models / "resnet.py").write_text("from ascend_automl.tools.register import Register\nprint(Register.__name__)")
    ended = _run("import prunekit, ascend_automl.core.networks.resnet", tmp_path)
    assert ended.stdout == "Register\n", ended.stderr


def test_no_other_name_is_answered() -> None:
    for name in ("ascend_automl.core", "ascend_automl.tools.other", "ascend_automl_x"):
        assert "ModuleNotFoundError" in _run(f"import prunekit, {name}").stderr
