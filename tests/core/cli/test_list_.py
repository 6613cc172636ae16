from __future__ import annotations

import json

import pytest

from prunekit.core.cli.list_ import list_entries
from prunekit.registry import Register, RegisterType

Said = pytest.CaptureFixture[str]


def test_json_gives_everything(capsys: Said) -> None:
    with Register.isolated():
        Register.register(RegisterType.NETWORK, type("MyNet", (), {"__module__": "mine"}), aliases=("mn",))
        assert list_entries("network", True) == 0
    said = capsys.readouterr()
    found = {(entry["name"], entry["backend"]): entry for entry in json.loads(said.out)}
    version = Register.entry(RegisterType.NETWORK, "ResNet56", "pytorch").version
    for backend in ("mindspore", "pytorch"):
        assert found["ResNet56", backend] == {
            "type": "network", "backend": backend, "name": "ResNet56", "aliases": [],
            "target": f"prunekit.model_zoo.cifar_resnet.{backend}:ResNet56", "distribution": "prunekit",
            "version": version,
        }  # fmt: skip
    assert found["MyNet", None] == {
        "type": "network", "backend": None, "name": "MyNet", "aliases": ["mn"], "target": "mine:MyNet",
        "distribution": None, "version": None,
    }  # fmt: skip
    assert said.err == ""


def test_the_table_is_neither_wrapped_nor_cut(capsys: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    name = "N" * 300
    with Register.isolated():
        Register.register(RegisterType.NETWORK, type(name, (), {"__module__": "mine"}), backend="pytorch")
        assert list_entries("network", False) == 0
    lines = capsys.readouterr().out.splitlines()
    found = [line for line in lines if name in line]
    assert [line.split() for line in found] == [["network", name, "pytorch", "mine"]]
    assert lines[0].split() == ["type", "name", "backend", "also", "from"]
    assert all(line.startswith("network ") for line in lines[2:])
