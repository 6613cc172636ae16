"""A pipeline on a tiny network that runs in seconds, as a user would start it, on a framework that is installed."""

from __future__ import annotations

import ast
import functools
import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from prunekit.core.cli.main import main
from prunekit.registry import Register

TESTS = Path(__file__).parent
PACKS = TESTS / "packs"
FRAMEWORKS = {"pytorch": "torch", "mindspore": "mindspore"}
INSTALLED = [name for name, framework in FRAMEWORKS.items() if importlib.util.find_spec(framework) is not None]
BACKEND = os.environ.setdefault("PRUNEKIT_TEST_BACKEND", INSTALLED[0])  # that of tests which any backend passes
sys.path.append(str(PACKS))  # anynet, of which such tests make their networks
# the small PyTorch networks and the oracle, which tests of core and of the model zoo use too; what all backends share
PYTORCH_NETWORKS = TESTS / "plugins" / "backends" / "pytorch"
sys.path[:0] = [str(PYTORCH_NETWORKS), str(TESTS / "shared")]
TINY = """\
pipeline: [pretrain, nas, fully_train]
pretrain:
  pipe_step: {type: TrainPipeStep}
  model:
    model_desc:
      modules: ["backbone"]
      backbone: &network {type: TinyNet}
  dataset: &dataset
    type: TinyLights
    common: {batch_size: 32}
  trainer: &trainer
    type: Trainer
    epochs: 3
    optimizer: {type: SGD, params: {lr: 0.1, momentum: 0.9}}
nas:
  pipe_step: {type: SearchPipeStep}
  model:
    model_desc:
      modules: ["backbone"]
      backbone: *network
    pretrained_model_file: '{local_base_path}/output/pretrain/model_0.safetensors'
  dataset: *dataset
  search_algorithm:
    type: PruneAMC
    budget: "flops <= 0.5"
    train_episode: 8
    keep_pareto_top_k: 2
    channel_round: 1
    lbound: 0.1
    plot_train_curve: True
    agent: {warmup: 4}
fully_train:
  pipe_step: {type: TrainPipeStep, models_folder: '{local_base_path}/output/nas'}
  dataset: *dataset
  trainer: *trainer
general: {backend: BACKEND}
""".replace("BACKEND", BACKEND)


left_out: list[Path] = []


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave out what needs a framework that is not installed: by its name, or by what it imports."""
    absent = FRAMEWORKS.keys() - set(INSTALLED)
    if not absent.isdisjoint(collection_path.stem.split("_")) and collection_path.parent.name != "packs":
        left_out.append(collection_path)
        return True
    if (
        collection_path.name.startswith("test_")
        and collection_path.suffix == ".py"
        and absent & _needed(collection_path)
    ):
        left_out.append(collection_path)
        return True
    return None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs both frameworks."""
    needed = {path: _needed(path) for path in {item.path for item in items}}
    for item in items:
        if needed[item.path] == FRAMEWORKS.keys():
            item.add_marker("both")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was left out, which no count of skipped tests shows."""
    if left_out:
        named = ", ".join(sorted(str(path.relative_to(TESTS)) for path in set(left_out)))
        terminalreporter.write_line(
            f"left out, as {', '.join(FRAMEWORKS.keys() - set(INSTALLED))} is not there: {named}"
        )


def _needed(file: Path) -> set[str]:
    """The backends whose frameworks, parts of prunekit or networks here a file imports at its top; both if named so."""
    if "both" in file.stem.split("_"):
        return {*FRAMEWORKS}
    names: list[str] = []
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    parts = {part for name in names for part in re.split(r"[._]", name)}
    if {name.partition(".")[0] for name in names} & {path.stem for path in PYTORCH_NETWORKS.glob("*.py")}:
        parts.add("torch")
    return {backend for backend, framework in FRAMEWORKS.items() if {backend, framework} & parts}


@pytest.fixture(scope="session")
def tiny() -> str:
    """The yml of a tiny pipeline; its components are registered by ``--import tinypack``."""
    return TINY


@pytest.fixture(scope="session")
def traced() -> Callable[[str], Any]:
    """Network, inputs and graph of a small PyTorch network by name; made once, so leave them as they are."""
    from small_nets import CASES

    return functools.cache(lambda name: CASES[name].traced())


@pytest.fixture(scope="session")
def environment() -> dict[str, str]:
    """The environment of a run in a process of its own: the tiny pack can be imported, one thread, narrow."""
    path = os.pathsep.join([str(PACKS), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", "COLUMNS": "40"}


@pytest.fixture(scope="session")
def command() -> list[str]:
    """How ``prunekit`` is started in a process of its own."""
    return [sys.executable, "-c", "import sys; from prunekit.core.cli.main import main; sys.exit(main())"]


@pytest.fixture(scope="session")
def finished(
    tmp_path_factory: pytest.TempPathFactory, command: list[str], environment: dict[str, str]
) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """The folder where the tiny pipeline was run as task ``t`` without interruption, and what the process said."""
    folder = tmp_path_factory.mktemp("finished")
    (folder / "tiny.yml").write_text(TINY)
    words = ["tiny.yml", "--import", "tinypack", "-t", "t"]
    ended = subprocess.run([*command, *words], cwd=folder, env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    return folder, ended


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., int]]:
    """Run a command in this process, in an empty folder, with the tiny pack at hand."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "40")
    _forget()

    def run(*words: str | Path) -> int:
        return main([str(word) for word in words])

    with Register.isolated():
        yield run
    _forget()


def _forget() -> None:
    """What is imported anew registers anew."""
    for name in ("tinypack", "tinynet_pytorch", "tinynet_mindspore"):
        sys.modules.pop(name, None)
