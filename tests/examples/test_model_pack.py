"""The example pack, installed for real into an environment of its own, as the people who copy it will do."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable
from pathlib import Path

import pytest

PACK = Path(__file__).parents[2] / "examples" / "model_pack"
MAIN = "import sys; from prunekit.core.cli.main import main; sys.exit(main())"
Prunekit = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def prunekit(tmp_path_factory: pytest.TempPathFactory) -> Prunekit:
    """Runs ``prunekit`` where the pack is installed, in a folder that holds its yml.

    The environment sees the packages of this one, so that nothing is downloaded, but has the pack to itself.
    """
    pytest.importorskip("setuptools", minversion="77", reason="building without network needs setuptools here")
    pytest.importorskip("pip")
    pytest.importorskip("torch")  # the pack's network is PyTorch's
    folder = tmp_path_factory.mktemp("model_pack")
    venv.create(folder / "venv", with_pip=False)
    base = {"base": str(folder / "venv"), "platbase": str(folder / "venv")}
    site = Path(sysconfig.get_path("purelib", "venv" if "venv" in sysconfig.get_scheme_names() else None, base))
    parents = dict.fromkeys([sysconfig.get_path("purelib"), sysconfig.get_path("platlib")])
    # addsitedir, unlike a bare path, reads .pth files too: prunekit itself may be installed by one
    (site / "parent.pth").write_text("".join(f"import site; site.addsitedir({path!r})\n" for path in parents))
    python = folder / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    source = shutil.copytree(
        PACK, folder / "source", ignore=shutil.ignore_patterns("__pycache__", "build", "*.egg-info")
    )
    pip = [python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index", source]
    subprocess.run(pip, check=True, capture_output=True)
    shutil.rmtree(source / "prunekit_example_pack")  # what runs is what was installed
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([python, "-c", MAIN, *words], cwd=source, env=environment, capture_output=True, text=True)

    return run


def test_its_components_are_listed(prunekit: Prunekit) -> None:
    ended = prunekit("list", "--json")
    assert (ended.returncode, ended.stderr) == (0, "")
    entries = [each for each in json.loads(ended.stdout) if each["distribution"] == "prunekit-example-pack"]
    assert entries == [
        {
            "type": kind, "backend": backend, "name": name, "aliases": aliases,
            "target": f"prunekit_example_pack.{module}:{name}",
            "distribution": "prunekit-example-pack", "version": "0.1.0",
        }
        for kind, backend, name, aliases, module in (
            ("dataset", None, "Stripes", [], "stripes"),
            ("network", "pytorch", "StripeNet", ["stripenet"], "stripe_net"),
        )
    ]  # fmt: skip


def test_its_check_finds_nothing(prunekit: Prunekit) -> None:
    ended = prunekit("registry-check", "prunekit-example-pack")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == "prunekit-example-pack 0.1.0: 2 declared, nothing to mend\n"


def test_its_yml_prunes_its_network(prunekit: Prunekit) -> None:
    ended = prunekit("example_pack.yml", "-t", "t")
    assert ended.returncode == 0, ended.stderr
    line = next(line for line in ended.stdout.splitlines() if line.startswith("fully_train "))
    assert "epoch" in line
    assert "accuracy on the test split" in ended.stdout


def test_without_plugins_it_is_left_alone(prunekit: Prunekit) -> None:
    ended = prunekit("list", "--no-plugins")
    assert ended.returncode == 0
    assert "ResNet56" in ended.stdout and "StripeNet" not in ended.stdout


def test_not_installed_it_is_not_there() -> None:
    ended = subprocess.run([sys.executable, "-c", MAIN, "list", "network"], capture_output=True, text=True)
    assert "ResNet56" in ended.stdout and "StripeNet" not in ended.stdout
