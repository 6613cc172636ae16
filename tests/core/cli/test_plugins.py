from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from prunekit.core.cli.plugins import list_plugins
from prunekit.registry import Register

Said = pytest.CaptureFixture[str]
TEXTS = {
    "good_pack": ("packs.v1", "MODULE_REGISTER = [{'type': 'metric', 'name': 'M', 'target': 'good_pack:M'}]"),
    "broken_pack": ("packs.v1", f"raise RuntimeError('{'long ' * 60}')"),
    "late_pack": ("packs.v7", ""),
    "good_hooks": ("hooks.v1", "from prunekit.core.hooks import hookimpl\n@hookimpl\ndef step_finished(): pass"),
    "bad_hooks": ("hooks.v1", "from prunekit.core.hooks import hookimpl\n@hookimpl\ndef stepfinished(): pass"),
    "blocked_hooks": ("hooks.v1", "1 / 0"),
}


@pytest.fixture(autouse=True)
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PRUNEKIT_BLOCK", "blocked-hooks")
    monkeypatch.setenv("COLUMNS", "20")
    for module, (group, text) in TEXTS.items():
        (tmp_path / f"{module}.py").write_text(text)
        info = tmp_path / f"{module}-1.5.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module.replace('_', '-')}\nVersion: 1.5\n")
        value = module + ":MODULE_REGISTER" * (group == "packs.v1")
        (info / "entry_points.txt").write_text(f"[prunekit.{group}]\nmain = {value}\n")
    with Register.isolated():
        Register._packs = None
        Register._table.declared = []
        yield
    for module in TEXTS:
        sys.modules.pop(module, None)


def test_everything_that_is_installed_is_listed(capsys: Said) -> None:
    assert list_plugins(True) == 0
    said = capsys.readouterr()
    assert said.err == ""
    listed = json.loads(said.out)
    found = {each["distribution"]: each for each in listed}
    assert found["good-pack"] == {
        "kind": "pack", "name": "main", "distribution": "good-pack", "version": "1.5", "group": "prunekit.packs.v1",
        "status": "loaded", "count": 1, "reason": None,
    }  # fmt: skip
    assert {name: (each["kind"], each["status"], each["count"]) for name, each in found.items()} == {
        "good-pack": ("pack", "loaded", 1),
        "broken-pack": ("pack", "failed", 0),
        "late-pack": ("pack", "incompatible", 0),
        "good-hooks": ("hooks", "loaded", 1),
        "bad-hooks": ("hooks", "failed", 0),
        "blocked-hooks": ("hooks", "blocked", 0),
        "prunekit": ("pack", "loaded", found["prunekit"]["count"]),
    }
    assert found["late-pack"]["reason"] == "needs a newer prunekit, one that knows prunekit.packs.v7"
    assert found["bad-hooks"]["reason"].endswith("there is no hook 'stepfinished'. Did you mean 'step_finished'?")
    assert found["blocked-hooks"]["reason"] == "blocked by the environment variable PRUNEKIT_BLOCK"
    assert [each["name"] for each in listed if each["distribution"] == "prunekit"] == ["model_zoo", "plugins"]


def test_the_table_is_neither_wrapped_nor_cut(capsys: Said) -> None:
    assert list_plugins(False) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["kind", "name", "distribution", "version", "status", "brings", "reason"]
    assert len(lines) == 2 + 2 + len(TEXTS)
    assert [line for line in lines if line.endswith("RuntimeError: " + ("long " * 60).rstrip())]
    assert "hooks  main       good-hooks     1.5      loaded        1 hook" in lines
