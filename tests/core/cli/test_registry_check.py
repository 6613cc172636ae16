from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from prunekit.core.cli.registry_check import registry_check
from prunekit.registry import Register, UnknownNameError

Said = pytest.CaptureFixture[str]
USE = "from prunekit.registry import Register, RegisterType\n"
MODULES = ("some_pack", "some_net")
BACKEND = os.environ["PRUNEKIT_TEST_BACKEND"]
FRAMEWORKS = {"pytorch": "torch", "mindspore": "mindspore"}
ABSENT = [name for name, framework in FRAMEWORKS.items() if find_spec(framework) is None]


@pytest.fixture
def pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Leave what pip leaves of ``some-pack``: a manifest of metrics or as given, and a module with classes."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delenv("PRUNEKIT_BLOCK", raising=False)

    def leave(classes: str, *items: dict[str, Any], manifest: str = "", hooks: str = "") -> None:
        (tmp_path / "some_net.py").write_text(USE + classes)
        declared = [{"type": "metric", "name": "M", "target": "some_net:M", **item} for item in items]
        (tmp_path / "some_pack.py").write_text(manifest or f"MODULE_REGISTER = {declared!r}\n")
        info = tmp_path / "some_pack-1.5.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: Some.Pack\nVersion: 1.5\n")
        (info / "entry_points.txt").write_text(f"[prunekit.packs.v1]\nmain = some_pack:MODULE_REGISTER\n{hooks}")

    with Register.isolated():
        Register._packs = None
        Register._table.declared = []
        yield leave
    for module in MODULES:
        sys.modules.pop(module, None)


def metric(arguments: str = "", name: str = "M", body: str = "'''Measures.'''") -> str:
    return f"@Register.register(RegisterType.METRIC{arguments})\nclass {name}:\n    {body}\n"


def _checked(capsys: Said, name: str | None = "some-pack") -> tuple[int, list[str]]:
    code = registry_check(name)
    said = capsys.readouterr()
    assert said.err == ""
    return code, said.out.splitlines()


def test_a_pack_in_order(pack: Callable[..., None], capsys: Said) -> None:
    pack(metric(", aliases=('m',)"), {"aliases": ["m"]})
    assert _checked(capsys, "some_PACK") == (0, ["Some.Pack 1.5: 1 declared, nothing to mend"])


@pytest.mark.parametrize(
    ("classes", "item", "said"),
    [
        (metric(", name='N'"), {}, "metric 'M': its decorator names it 'N'"),
        (metric(", aliases=('a', 'b')"), {}, "metric 'M': the manifest's aliases are none, the decorator's a, b"),
        (metric(", aliases=('a',)"), {"aliases": ["b"]}, "metric 'M': the manifest's aliases are b, the decorator's a"),
        (metric(", backend='x'"), {"backend": BACKEND},
         f"metric 'M': the manifest says backend '{BACKEND}', the class 'x'"),
        (metric(), {"backend": "pytroch"}, "metric 'M': there is no backend 'pytroch'. Did you mean 'pytorch'?"),
        (metric(), {"backend": "p"}, "metric 'M': there is no backend 'p'. Did you mean 'pytorch'?"),
        (metric(), {"type": "reward"}, "reward 'M': the manifest says reward, the decorator of some_net:M metric"),
        ("class M: pass", {}, "metric 'M': is declared by Some.Pack 1.5 in some_net, but importing it"
         " registered nothing of that name; is @Register.register(RegisterType.METRIC) missing above the class?"),
        ("1 / 0", {}, "metric 'M': is declared by Some.Pack 1.5 in some_net, but importing it failed:"
         " ZeroDivisionError: division by zero"),
        ("import no_such_module", {}, "metric 'M': is declared by Some.Pack 1.5 in some_net, but importing it"
         " failed: ModuleNotFoundError: No module named 'no_such_module'"),
        (metric() + metric(name="Other"), {}, "metric 'Other': some_net:Other is registered, but the manifest does not"
         " declare it"),
    ],
)  # fmt: skip
def test_what_is_broken(pack: Callable[..., None], capsys: Said, classes: str, item: dict[str, Any], said: str) -> None:
    pack(classes, item)
    code, lines = _checked(capsys)
    assert code == 1
    assert lines[0] in [f"Some.Pack 1.5: 1 declared, 1 broken{more}" for more in ("", ", 1 warning")]
    assert lines[1] == f"  broken   {said}"


def test_a_class_of_another_framework(pack: Callable[..., None], capsys: Said) -> None:
    module = "type('Module', (), {'__module__': 'torch.nn'})"
    pack(metric().replace("class M", f"class M({module})"), {"backend": "other"})
    (Path(sys.path[0]) / "other.py").write_text("")
    code, lines = _checked(capsys)
    assert (code, lines[1]) == (1, "  broken   metric 'M': the manifest says backend 'other', the class 'pytorch'")


@pytest.mark.parametrize(
    ("classes", "item", "said"),
    [
        (metric(body="pass"), {}, "the class has no docstring; `prunekit show` has nothing to say of it"),
        (metric(body="'''M.'''\n    def __init__(self, **desc): pass"), {},
         "takes **desc: further keys of a yml cannot be checked; name the parameters"),
        (metric(", backend='pytorch'"), {},
         "the manifest does not name its backend, 'pytorch': say so in a list of dicts"),
        (metric(name="M", arguments=", name='accuracy'"), {"name": "accuracy"},
         "prunekit {0} has the name too; where both are installed a yml must say 'Some.Pack/accuracy'"),
    ],
)  # fmt: skip
def test_warnings_break_nothing(
    pack: Callable[..., None], capsys: Said, classes: str, item: dict[str, Any], said: str
) -> None:
    pack(classes, item)
    code, lines = _checked(capsys)
    assert code == 0
    assert lines[0] == "Some.Pack 1.5: 1 declared, 1 warning"
    version = next(pack.version for pack in Register.packs() if pack.distribution == "prunekit")
    assert lines[1] == f"  warning  metric {item.get('name', 'M')!r}: {said.format(version)}"


@pytest.mark.parametrize("declared", [True, False])
@pytest.mark.parametrize("backend", ABSENT)
def test_without_the_framework_nothing_can_be_said(
    pack: Callable[..., None], capsys: Said, backend: str, declared: bool
) -> None:
    framework = FRAMEWORKS[backend]
    if declared:
        pack("raise RuntimeError('imported')", {"backend": backend})
    else:
        pack(f"import {framework}", {})
    assert _checked(capsys) == (
        0, ["Some.Pack 1.5: 1 declared, 1 note", f"  note     metric 'M': not checked: needs {framework}"],
    )  # fmt: skip


def test_a_pack_that_does_not_load(pack: Callable[..., None], capsys: Said) -> None:
    pack("", manifest="MODULE_REGISTER = 3")
    assert _checked(capsys)[1] == [
        "Some.Pack 1.5: 0 declared, 1 broken",
        "  broken   pack main: ManifestError: Some.Pack 1.5: MODULE_REGISTER is a int; it must be a dict or a list",
    ]


def test_a_manifest_that_imports_a_framework(
    pack: Callable[..., None], capsys: Said, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mindspore", None)  # a real one, if there, comes back after the test
    del sys.modules["mindspore"]
    (tmp_path / "mindspore.py").write_text("")
    pack("", manifest="import mindspore\nMODULE_REGISTER = []")
    assert _checked(capsys) == (
        0,
        [
            "Some.Pack 1.5: 0 declared, 1 warning",
            "  warning  pack main: some_pack imports mindspore, which costs seconds at every start",
        ],
    )


def test_hooks_are_checked_too(pack: Callable[..., None], capsys: Said) -> None:
    pack("", hooks="[prunekit.hooks.v1]\nbad = some_net\n")
    code, lines = _checked(capsys)
    assert code == 1
    assert lines[1].startswith("  broken   hooks bad: HookError: it implements no hook; mark its functions with")


def test_a_blocked_pack(pack: Callable[..., None], capsys: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    pack("1 / 0", {})
    monkeypatch.setenv("PRUNEKIT_BLOCK", "some-pack")
    told = "pack main: blocked by the environment variable PRUNEKIT_BLOCK, not checked"
    assert _checked(capsys) == (1, ["Some.Pack 1.5: 0 declared, 1 broken", f"  broken   {told}"])
    code, lines = _checked(capsys, None)
    assert code == 0 and f"  note     {told}" in lines


def test_all_packs_at_once(pack: Callable[..., None], capsys: Said) -> None:
    """Ours is in order, but for what a missing framework hides; a broken one among them is what counts."""
    pack("1 / 0", {})
    code, lines = _checked(capsys, None)
    assert code == 1
    version = next(record.version for record in Register.packs() if record.distribution == "prunekit")
    ours = [entry for entry in Register.declared() if entry.distribution == "prunekit"]
    hidden = [FRAMEWORKS[entry.backend] for entry in ours if entry.backend in ABSENT]
    counts = f"{len(hidden)} note" if hidden else "nothing to mend"
    assert lines[0] == f"prunekit {version}: {len(ours)} declared, {counts}"
    assert [line.rpartition("not checked: needs ")[2] for line in lines[1 : len(hidden) + 1]] == hidden
    assert lines[len(hidden) + 1] == "Some.Pack 1.5: 1 declared, 1 broken"


def test_an_unknown_pack(pack: Callable[..., None]) -> None:
    pack("")
    with pytest.raises(UnknownNameError) as told:
        registry_check("somepack")
    assert str(told.value) == (
        "no installed distribution 'somepack' has packs or hooks for prunekit. Did you mean 'Some.Pack'?"
    )
    with pytest.raises(UnknownNameError, match=r"There are prunekit, Some\.Pack|There are Some\.Pack, prunekit"):
        registry_check("qqqq")


def test_a_pipe_step_whose_sections_are_not_its_constructors(pack: Callable[..., None], capsys: Said) -> None:
    pack(
        "@Register.register(RegisterType.PIPE_STEP)\nclass S:\n    '''Rounds.'''\n    needs = {'scheme'}\n",
        {"type": "pipe_step", "name": "S", "target": "some_net:S"},
    )
    code, lines = _checked(capsys)
    assert code == 1 and lines[1].startswith("  broken   pipe step 'S': ")
    assert lines[1].endswith("ValueError: 'scheme' is a section of its own, but no parameter of its constructor")
