from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from prunekit.core.cli.main import main
from prunekit.registry import Entry, ManifestError, PackRecord, Register, RegisterType
from prunekit.registry.discovery import discover
from prunekit.registry.manifest import read_manifest

GOOD = "MODULE_REGISTER = [{'type': 'network', 'name': 'GoodNet', 'target': 'good_net:GoodNet'}]"
PACKS = {
    "a-raises": ("a_raises", "raise RuntimeError('boom')"),
    "b-exits": ("b_exits", "import sys; sys.exit(3)"),
    "c-shapeless": ("c_shapeless", "MODULE_REGISTER = 'nonsense'"),
    "d-nameless": ("d_nameless", ""),
    "e-good": ("e_good", GOOD),
}


def install(folder: Path, distribution: str, module: str, text: str) -> None:
    """What pip leaves of a pack: its module, and a dist-info with an entry point."""
    (folder / f"{module}.py").write_text(text)
    info = folder / f"{distribution.replace('-', '_')}-1.5.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.5\n")
    (info / "entry_points.txt").write_text(f"[prunekit.packs.v1]\nmain = {module}:MODULE_REGISTER\n")


@pytest.fixture
def packs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for distribution, (module, text) in PACKS.items():
        install(tmp_path, distribution, module, text)
        monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("packs")
def test_broken_packs_stop_nobody() -> None:
    entries: list[Entry] = []
    records = discover(entries.append)
    found = {record.distribution: record for record in records}
    assert found["a-raises"] == PackRecord("main", "a-raises", "1.5", "RuntimeError: boom")
    assert found["b-exits"].error == "SystemExit: 3"
    assert "a str; it must be a dict or a list" in str(found["c-shapeless"].error)
    assert "MODULE_REGISTER" in str(found["d-nameless"].error)
    assert found["e-good"].error is None and found["prunekit"].error is None
    assert {"GoodNet", "ResNet56"} <= {entry.name for entry in entries}
    assert next(e for e in entries if e.name == "GoodNet").origin == "e-good 1.5"


@pytest.mark.usefixtures("packs")
def test_the_command_line_reports_broken_packs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Register.isolated():
        monkeypatch.setattr(Register, "_packs", None)
        assert main(["list", "network"]) == 0
        said = capsys.readouterr()
        assert "GoodNet" in said.out and "broken" not in said.out
        assert "warning: pack main of a-raises 1.5 is not used: RuntimeError: boom" in said.err.splitlines()
        assert len(said.err.splitlines()) == 4
        with pytest.raises(Exception, match=r"because broken: a-raises 1\.5, b-exits 1\.5"):
            Register.get(RegisterType.NETWORK, "qqqq")


def test_a_pack_that_registers_while_another_thread_discovers(tmp_path: Path) -> None:
    """One thread imports a pack of one module, which registers, while another reads the manifest in that module."""
    text = (
        "import time\nfrom prunekit.registry import Register, RegisterType\ntime.sleep(0.3)\n"
        "@Register.register(RegisterType.NETWORK)\nclass Both: pass\nMODULE_REGISTER = []\n"
    )
    install(tmp_path, "both-pack", "both", text)
    code = textwrap.dedent("""
        import threading, time
        from prunekit.registry import Register, RegisterType
        importing = threading.Thread(target=lambda: __import__("both"))
        importing.start()
        time.sleep(0.1)
        Register.entries()
        importing.join()
        print(Register.get(RegisterType.NETWORK, "Both").__name__)
    """)
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert ended.stdout == "Both\n", ended.stderr


def test_both_shapes_of_a_manifest() -> None:
    short = read_manifest({"pack.nets": {"resnet": ["A", "B"], "vgg": ["C"]}}, "p 1")
    assert [(e.type, e.name, e.target) for e in short] == [
        (RegisterType.NETWORK, "A", "pack.nets.resnet:A"),
        (RegisterType.NETWORK, "B", "pack.nets.resnet:B"),
        (RegisterType.NETWORK, "C", "pack.nets.vgg:C"),
    ]
    full = {"type": "backend", "name": "x", "backend": "x", "aliases": ["y"], "target": "m.n:X", "framework": "xx"}
    assert read_manifest([full], "p 1") == [Entry(RegisterType.BACKEND, "x", "x", "m.n:X", ("y",), "p 1", "xx")]
    assert read_manifest([], "p 1") == [] == read_manifest({}, "p 1")


ITEM = {"type": "network", "name": "N", "target": "m:N"}


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        (None, "a NoneType; it must be a dict or a list"),
        ({3: {}}, "3 is not an import path"),
        ({"no path": {}}, "'no path' is not an import path"),
        ({"pack": ["A"]}, "'pack' must hold"),
        ({"pack": {"file": "A"}}, "pack.file must hold a list"),
        ({"pack": {"file": ["1A"]}}, "'pack.file:1A' is not a"),
        ({"pack": {"a-b": ["A"]}}, "'pack.a-b:A' is not a"),
        (["A"], "item 0 of MODULE_REGISTER is a str"),
        ([ITEM, {**ITEM, "nmae": 1}], r"item 1 .* unknown keys \['nmae'\]"),
        ([{"type": "network"}], r"lacks \['name', 'target'\]"),
        ([{**ITEM, "type": "netwrok"}], "no type 'netwrok'; there are backend, network"),
        ([{**ITEM, "target": "m.N"}], "target 'm.N' is not a"),
        ([{**ITEM, "name": ""}], "name must be a text"),
        ([{**ITEM, "name": 5}], "name must be a text"),
        ([{**ITEM, "aliases": "one"}], "aliases a list of texts"),
        ([{**ITEM, "backend": 5}], "backend must be a text, not 5"),
    ],
)
def test_malformed_manifests(manifest: object, said: str) -> None:
    with pytest.raises(ManifestError, match=f"pack 1.*{said}"):
        read_manifest(manifest, "pack 1")
