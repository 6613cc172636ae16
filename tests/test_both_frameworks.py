"""Both frameworks in one process, in either order: each gives what it gives alone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPT = """
import importlib, json, sys
for name in sys.argv[1:]:
    importlib.import_module({"pytorch": "torch"}.get(name, name))

import numpy as np
from prunekit import PrunePlan, prune, trace
from prunekit.registry import Register, RegisterType

def answer(name, network):
    ((outputs, _),) = backends[name].run(network, [(images, 0)])
    return np.asarray(outputs).tolist()

images = np.random.default_rng(0).normal(size=(2, 3, 32, 32)).astype(np.float32)
backends = {name: Register.get(RegisterType.BACKEND, name)() for name in sys.argv[1:]}
classes = {name: Register.get(RegisterType.NETWORK, "ResNet8", name) for name in backends}
networks = {name: backends[name].build(classes[name], {"class_num": 5}, 3) for name in backends}
whole = {name: answer(name, network) for name, network in networks.items()}
graphs = {name: trace(network, images) for name, network in networks.items()}
pruned = {name: prune(networks[name], graph, PrunePlan.uniform(graph, 0.5)) for name, graph in graphs.items()}
found = {
    name: [graph.signature, graph.table(), whole[name], answer(name, pruned[name]), answer(name, networks[name])]
    for name, graph in graphs.items()
}
print(json.dumps([sorted({"torch", "mindspore"} & {*sys.modules}), found]))
"""


def run(folder: Path, *order: str) -> tuple[list[str], dict[str, Any]]:
    """Which frameworks a process has that imports some in order, and what their networks are and answer."""
    ended = subprocess.run([sys.executable, "-c", SCRIPT, *order], cwd=folder, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")
    loaded, found = json.loads(ended.stdout)
    return loaded, found


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What each framework gives in a process without the other."""
    folder, found = tmp_path_factory.mktemp("alone"), {}
    for name, framework in (("pytorch", "torch"), ("mindspore", "mindspore")):
        loaded, one = run(folder, name)
        assert loaded == [framework]
        found |= one
    return found


def test_they_answer_with_numbers(alone: dict[str, Any]) -> None:
    """So that equal answers mean something: not one constant, and another one of the pruned network."""
    for _, table, whole, pruned, again in alone.values():
        assert "proven by values" in table
        assert len({*whole[0], *whole[1]}) == 10 and whole != pruned and whole == again


@pytest.mark.parametrize("order", [("pytorch", "mindspore"), ("mindspore", "pytorch")], ids="-".join)
def test_each_gives_what_it_gives_alone(tmp_path: Path, alone: dict[str, Any], order: tuple[str, str]) -> None:
    loaded, found = run(tmp_path, *order)
    assert loaded == ["mindspore", "torch"]
    assert found == alone
