"""The example pack, installed for real into an environment of its own, as the people who copy it will do."""

from __future__ import annotations

import csv
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
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder where ``prunekit`` runs."""
    return tmp_path_factory.mktemp("model_pack") / "source"


@pytest.fixture(scope="module")
def prunekit(source: Path) -> Prunekit:
    """Runs ``prunekit`` where the pack is installed, in a folder that holds its yml.

    The environment sees the packages of this one, so that nothing is downloaded, but has the pack to itself.
    """
    pytest.importorskip("setuptools", minversion="77", reason="building without network needs setuptools here")
    pytest.importorskip("pip")
    pytest.importorskip("torch")  # the pack's network is PyTorch's
    folder = source.parent
    venv.create(folder / "venv", with_pip=False)
    base = {"base": str(folder / "venv"), "platbase": str(folder / "venv")}
    site = Path(sysconfig.get_path("purelib", "venv" if "venv" in sysconfig.get_scheme_names() else None, base))
    parents = dict.fromkeys([sysconfig.get_path("purelib"), sysconfig.get_path("platlib")])
    # addsitedir, unlike a bare path, reads .pth files too: prunekit itself may be installed by one
    (site / "parent.pth").write_text("".join(f"import site; site.addsitedir({path!r})\n" for path in parents))
    python = folder / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    shutil.copytree(PACK, source, ignore=shutil.ignore_patterns("__pycache__", "build", "*.egg-info"))
    pip = [python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index", source]
    subprocess.run(pip, check=True, capture_output=True)
    shutil.rmtree(source / "prunekit_example_pack")  # what runs is what was installed
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([python, "-c", MAIN, *words], cwd=source, env=environment, capture_output=True, text=True)

    return run


def test_it_has_one_component_of_each_kind_that_a_pack_brings(prunekit: Prunekit) -> None:
    ended = prunekit("list", "--json")
    assert (ended.returncode, ended.stderr) == (0, "")
    entries = [each for each in json.loads(ended.stdout) if each["distribution"] == "prunekit-example-pack"]
    kinds = {(each["type"], each["name"]) for each in entries}
    assert kinds == {
        ("network", "StripeNet"), ("dataset", "Stripes"), ("metric", "balanced_accuracy"), ("reward", "frugal"),
        ("cost_estimator", "traffic"), ("cost_estimator", "cpu_time"), ("importance", "GeometricMedian"),
        ("search_algorithm", "hill_climbing"), ("trainer", "AdamWTrainer"), ("pipe_step", "QuantizePipeStep"),
        ("exporter", "pt2"), ("executor", "own_processes"),
    }  # fmt: skip
    network = next(each for each in entries if each["type"] == "network")
    assert network == {
        "type": "network", "backend": "pytorch", "name": "StripeNet", "aliases": ["stripenet"],
        "target": "prunekit_example_pack.stripe_net:StripeNet",
        "distribution": "prunekit-example-pack", "version": "0.1.0",
    }  # fmt: skip


def test_its_check_finds_nothing(prunekit: Prunekit) -> None:
    ended = prunekit("registry-check", "prunekit-example-pack")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == "prunekit-example-pack 0.1.0: 12 declared, nothing to mend\n"


def test_its_yml_uses_them_all(prunekit: Prunekit, source: Path) -> None:
    ended = prunekit("example_pack.yml", "-t", "t")
    assert ended.returncode == 0, ended.stderr
    task = source / "tasks" / "t"
    rows = json.loads((task / "output" / "summary.json").read_text())
    assert "balanced_accuracy on the test split" in ended.stdout and "cpu_time" in ended.stdout
    assert "quantize" in str(rows)
    with (task / "output" / "nas" / "episodes.csv").open(encoding="utf-8") as file:
        episodes = list(csv.DictReader(file))
    assert [int(each["episode"]) for each in episodes] == [*range(12)]
    assert {each["status"] for each in episodes} == {"ok"}
    (found,) = (task / "output" / "quantize").glob("desc_*.json")
    ended = prunekit("export", str(found), "--format", "pt2")
    assert ended.returncode == 0, ended.stderr
    assert [*found.parent.glob("*.pt2")]


def test_its_executor_leads_to_what_one_process_finds(prunekit: Prunekit, source: Path) -> None:
    yml = (source / "example_pack.yml").read_text(encoding="utf-8")
    yml = yml.replace("{type: frugal, time: 0.5, traffic: 1.0}", "{type: acc_flops}")  # which depends on no time
    yml = "\n".join(line for line in yml.splitlines() if "cpu_time:" not in line and line.strip() != "costs:")
    found = {}
    for executor, workers in (("own_processes", 2), ("inline", None)):
        given = f"{{type: {executor}, workers: {workers}}}" if workers else f"{{type: {executor}}}"
        (source / "own.yml").write_text(
            yml.replace("{type: own_processes, workers: 2}", given).replace(", fully_train, quantize]", "]"), "utf-8"
        )
        ended = prunekit("own.yml", "-t", executor)
        assert ended.returncode == 0, ended.stderr
        found[executor] = [line for line in ended.stdout.splitlines() if line.startswith("nas episode")]
    assert len(found["inline"]) == 12 and found["own_processes"] == found["inline"]


def test_without_plugins_it_is_left_alone(prunekit: Prunekit) -> None:
    ended = prunekit("list", "--no-plugins")
    assert ended.returncode == 0
    assert "ResNet56" in ended.stdout and "StripeNet" not in ended.stdout


def test_not_installed_it_is_not_there() -> None:
    ended = subprocess.run([sys.executable, "-c", MAIN, "list", "network"], capture_output=True, text=True)
    assert "ResNet56" in ended.stdout and "StripeNet" not in ended.stdout
