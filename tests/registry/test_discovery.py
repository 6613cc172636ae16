from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from prunekit.core.cli.main import main
from prunekit.registry import PackRecord, Register, RegisterType, UnknownNameError

Install = Callable[..., None]
GOOD = "MODULE_REGISTER = [{'type': 'network', 'name': 'GoodNet', 'target': 'good_net:GoodNet'}]"
PACKS = {
    "a-raises": "raise RuntimeError('boom')",
    "b-exits": "import sys; sys.exit(3)",
    "c-shapeless": "MODULE_REGISTER = 'nonsense'",
    "d-nameless": "",
    "e-good": GOOD,
}


@pytest.fixture
def packs(install: Install) -> None:
    for distribution, text in PACKS.items():
        install(distribution, text)


def _found() -> dict[str, PackRecord]:
    return {record.distribution: record for record in Register.packs()}


def _networks() -> set[str]:
    return {entry.name for entry in Register.entries(RegisterType.NETWORK)}


@pytest.mark.usefixtures("packs")
def test_broken_packs_stop_nobody() -> None:
    found = _found()
    assert found["a-raises"] == PackRecord("main", "a-raises", "1.5", "RuntimeError: boom", "failed")
    assert found["b-exits"].error == "SystemExit: 3"
    assert "a str; it must be a dict or a list" in str(found["c-shapeless"].error)
    assert "MODULE_REGISTER" in str(found["d-nameless"].error)
    assert found["e-good"] == PackRecord("main", "e-good", "1.5", count=1)
    assert found["prunekit"].error is None and found["prunekit"].count > 3
    assert {"GoodNet", "ResNet56"} <= _networks()
    good = Register.entry(RegisterType.NETWORK, "GoodNet")
    assert (good.distribution, good.version, good.origin) == ("e-good", "1.5", "e-good 1.5")


@pytest.mark.usefixtures("packs")
def test_the_command_line_reports_broken_packs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "network"]) == 0
    said = capsys.readouterr()
    assert "GoodNet" in said.out and "broken" not in said.out
    assert "warning: pack main of a-raises 1.5 is not used: RuntimeError: boom" in said.err.splitlines()
    assert len(said.err.splitlines()) == 4
    with pytest.raises(UnknownNameError, match=r"\(Not searched: a-raises 1\.5 \(failed\), b-exits 1\.5 \(failed\),"):
        Register.get(RegisterType.NETWORK, "qqqq")


@pytest.mark.parametrize("blocked", ["a-pack", "A.Pack", " x, a_pack ", "special"])
def test_a_blocked_pack_is_not_imported(install: Install, monkeypatch: pytest.MonkeyPatch, blocked: str) -> None:
    install("a-pack", GOOD, name="special")
    install("b-pack")
    monkeypatch.setenv("PRUNEKIT_BLOCK", blocked)
    found = _found()
    assert (found["a-pack"].status, found["a-pack"].error) == ("blocked", None)
    assert found["a-pack"].blocked_by == "the environment variable PRUNEKIT_BLOCK"
    assert found["b-pack"].status == "loaded"
    assert "a_pack" not in sys.modules and "GoodNet" not in _networks()
    with pytest.raises(UnknownNameError, match=r"\(Not searched: a-pack 1\.5 \(blocked\)\.\)"):
        Register.get(RegisterType.NETWORK, "GoodNet")


def test_our_own_can_be_blocked(environment: dict[str, str], command: list[str]) -> None:
    blocked = {**environment, "PRUNEKIT_BLOCK": "model_zoo"}  # in a process that has imported no network yet
    listed = subprocess.run([*command, "list", "--json"], env=blocked, capture_output=True, text=True, check=True)
    names = {entry["name"] for entry in json.loads(listed.stdout)}
    assert "ResNet56" not in names and "acc_flops" in names


def test_without_plugins(install: Install) -> None:
    install("a-pack", GOOD)
    Register.without_plugins()
    assert "ResNet56" in _networks() and "GoodNet" not in _networks()
    assert (_found()["a-pack"].status, _found()["a-pack"].blocked_by) == ("blocked", "--no-plugins")
    assert "a_pack" not in sys.modules


def test_without_plugins_after_packs_were_read(install: Install) -> None:
    install("a-pack", GOOD)
    assert "GoodNet" in _networks()
    Register.without_plugins()
    assert "ResNet56" in _networks() and "GoodNet" not in _networks()


@pytest.mark.parametrize(
    ("requires", "status"),
    [
        ("prunekit>=99", "incompatible"),
        ("PruneKit (<0.0.1)", "incompatible"),
        ("prunekit>=0.0.1,<99", "loaded"),
        ("prunekit", "loaded"),
        ("prunekit-tools>=99", "loaded"),
        ("prunekit>=99; extra == 'later'", "loaded"),
        ("prunekit>=99; python_version < '3'", "loaded"),
    ],
)
def test_a_pack_that_excludes_this_version(install: Install, requires: str, status: str) -> None:
    install("a-pack", GOOD, requires=requires)
    found = _found()["a-pack"]
    assert found.status == status
    assert ("a_pack" in sys.modules) == (status == "loaded")
    if status == "incompatible":
        assert str(found.error).startswith("needs prunekit") and ", this is " in str(found.error)


def test_a_newer_group_is_listed(install: Install) -> None:
    install("a-pack", "raise RuntimeError('imported')", group="prunekit.packs.v2")
    found = _found()["a-pack"]
    assert (found.status, found.group) == ("incompatible", "prunekit.packs.v2")
    assert found.error == "needs a newer prunekit, one that knows prunekit.packs.v2"


def test_a_pack_for_both_groups_is_used(install: Install) -> None:
    for group in ("prunekit.packs.v1", "prunekit.packs.v2"):
        install("a-pack", GOOD, group=group)
    assert [record.status for record in Register.packs() if record.distribution == "a-pack"] == ["loaded"]


def test_a_manifest_that_imports_a_framework(install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "mindspore", raising=False)
    (tmp_path / "site/mindspore.py").write_text("")
    install("a-pack", f"import mindspore\n{GOOD}")
    install("b-pack", f"import mindspore\n{GOOD}")
    assert _found()["a-pack"].warning == "a_pack imports mindspore, which costs seconds at every start"
    assert _found()["a-pack"].status == "loaded"


def test_two_packs_with_one_name(install: Install) -> None:
    for pack in ("a-pack", "b-pack"):
        install(pack, GOOD.replace("good_net", f"{pack[0]}_net"))
    with pytest.raises(Exception, match=r"a-pack 1\.5 .*and b-pack 1\.5 .*write 'a-pack/GoodNet' or 'b-pack/GoodNet'"):
        Register.entry(RegisterType.NETWORK, "GoodNet")
    assert Register.entry(RegisterType.NETWORK, "b-pack/GoodNet").target == "b_net:GoodNet"


def test_a_module_that_holds_manifest_and_classes(install: Install) -> None:
    """It registers before its manifest is known, and is the pack's all the same."""
    install(
        "a-pack",
        "from prunekit.registry import Register, RegisterType\n"
        "Module = type('Module', (), {'__module__': 'torch.nn'})\n"
        "@Register.register(RegisterType.NETWORK)\nclass OneNet(Module): pass\n"
        "@Register.register(RegisterType.NETWORK)\nclass ResNet56: pass\n"
        "MODULE_REGISTER = [{'type': 'network', 'name': 'OneNet', 'target': 'a_pack:OneNet', 'aliases': ['on']}]\n",
    )
    assert [e.origin for e in Register.entries(RegisterType.NETWORK) if e.name == "OneNet"] == ["a-pack 1.5"]
    one = Register.entry(RegisterType.NETWORK, "on", "pytorch")
    assert (one.name, one.backend) == ("OneNet", "pytorch")
    assert Register.notes() == []
    with pytest.raises(Exception, match="write 'a-pack/ResNet56' or 'prunekit/ResNet56'"):
        Register.get(RegisterType.NETWORK, "ResNet56")


def test_a_folder_key_of_a_pack(install: Install, tmp_path: Path) -> None:
    folder = tmp_path / "site/nets_1.4"
    folder.mkdir()
    (folder / "blocks.py").write_text("WIDTH = 3")
    (folder / "net.py").write_text(
        "from blocks import WIDTH\nfrom .blocks import WIDTH as again\n"
        "from prunekit.registry import Register, RegisterType\n"
        "@Register.register(RegisterType.NETWORK)\nclass FolderNet:\n    width = WIDTH\n"
    )
    install("a-pack", "MODULE_REGISTER = {'nets_1.4': {'net': ['FolderNet']}}")
    path = list(sys.path)
    assert Register.entry(RegisterType.NETWORK, "FolderNet").file == folder / "net.py"
    assert "nets_1.4.net" not in sys.modules
    found = Register.get(RegisterType.NETWORK, "FolderNet")
    assert (found.__module__, found.width) == ("nets_1.4.net", 3)
    assert Register.entry(RegisterType.NETWORK, "FolderNet").origin == "a-pack 1.5"
    assert sys.path == path


def test_a_pack_that_registers_while_another_thread_discovers(install: Install, tmp_path: Path) -> None:
    """One thread imports a pack of one module, which registers, while another reads the manifest in that module."""
    install(
        "both",
        "import time\nfrom prunekit.registry import Register, RegisterType\ntime.sleep(0.3)\n"
        "@Register.register(RegisterType.NETWORK)\nclass Both: pass\nMODULE_REGISTER = []\n",
    )
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
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert ended.stdout == "Both\n", ended.stderr


@pytest.mark.parametrize(
    ("value", "told"), [("a-pak,b-pack", "'a-pak'"), ("a_pack, special,model_zoo", None), ("", None)]
)
def test_a_block_list_that_blocks_nothing_is_told(
    install: Install, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], value: str, told: str | None
) -> None:
    install("a-pack", GOOD)
    install("b-pack", name="special", group="prunekit.hooks.v1")
    monkeypatch.setenv("PRUNEKIT_BLOCK", value)
    assert main(["list", "reward"]) == 0
    said = [f"warning: PRUNEKIT_BLOCK: no pack and no hooks are called {told}; prunekit plugins lists their names"]
    assert capsys.readouterr().err.splitlines() == (said if told else [])
