"""Packs that raise, print and do things to the streams as they are imported."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from prunekit.core.cli.main import main
from prunekit.registry import Register, RegisterType
from prunekit.registry.foreign_code import foreign_code

Install = Callable[..., None]
Said = pytest.CaptureFixture[str]
GOOD = "MODULE_REGISTER = [{'type': 'network', 'name': 'GoodNet', 'target': 'z_good:GoodNet'}]"
ITEM = "{'type': 'network', 'name': %s, 'target': 'a_pack:N'}"
BASE = "class Odd(BaseException):\n    def __str__(self): raise SystemExit(0)\n    __repr__ = __str__\n"
BROKEN = {
    "a base exception": ("class Odd(BaseException): pass\nraise Odd('x')", "Odd: x"),
    "one that cannot speak": (f"{BASE}raise Odd", "Odd: (Odd, whose __str__ raises SystemExit)"),
    "an exit": ("raise SystemExit(0)", "SystemExit: 0"),
    "a generator's exit": ("raise GeneratorExit", "GeneratorExit"),
    "endless recursion": ("def f(): f()\nf()", "RecursionError: maximum recursion depth exceeded"),
    "an attack on the terminal": ("raise ValueError('\\x1b[2J\\nerror: all is lost')", r"ValueError: \x1b[2J error:"),
    "a long story": ("raise ValueError('x' * 10**7)", "ValueError: xxxx"),
    "no module of its own": ("import sys\ndel sys.modules[__name__]\nMODULE_REGISTER = []", "KeyError: "),
    "a manifest that is no list": ("MODULE_REGISTER = (1 / 0 for x in [1])", "a generator; it must be a dict"),
    "a list that raises": (
        "class L(list):\n    def __iter__(self): raise RuntimeError('no')\nMODULE_REGISTER = L([1])",
        "RuntimeError: no",
    ),
    "a dict that raises": (
        "class D(dict):\n    def items(self): yield 1 / 0\nMODULE_REGISTER = D(a=1)",
        "ZeroDivisionError: division by zero",
    ),
    "items without a repr": (
        f"{BASE}class T:\n    def __repr__(self): raise Odd\n    __eq__ = None\n"
        "MODULE_REGISTER = [{'type': T(), 'name': 'N', 'target': 'a:N'}]",
        "TypeError: ",
    ),
    "a type without a repr": (
        f"{BASE}class T:\n    def __repr__(self): raise Odd\n"
        "MODULE_REGISTER = [{'type': T(), 'name': 'N', 'target': 'a:N'}]",
        "no type (T, whose __repr__ raises Odd); there are backend",
    ),
    "items whose attributes raise": (
        "class T:\n    def __getattribute__(self, name): raise RuntimeError(name)\nMODULE_REGISTER = [T()]",
        "RuntimeError: __class__",
    ),
    "a surrogate for a name": (f"MODULE_REGISTER = [{ITEM % repr(chr(0xDC80))}]", "without '/' and control characters"),
    "an escape for a name": (f"MODULE_REGISTER = [{ITEM % repr(chr(27))}]", "without '/' and control characters"),
}  # fmt: skip


def _state() -> dict[str, str | None]:
    return {record.distribution: record.error for record in Register.packs()}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_pack_is_reported_and_the_rest_works(install: Install, capsys: Said, name: str) -> None:
    text, error = BROKEN[name]
    install("a-pack", text)
    install("z-good", GOOD)
    assert error in str(_state()["a-pack"]) and _state()["z-good"] is None
    assert Register.entry(RegisterType.NETWORK, "GoodNet").distribution == "z-good"
    assert main(["plugins"]) == main(["list"]) == 0
    said = capsys.readouterr()
    assert max(map(len, said.err.splitlines())) < 700 and "Traceback" not in said.err
    assert said.err.replace("\n", "").isprintable() and said.out.replace("\n", "").isprintable()


def test_names_are_plain_texts(install: Install) -> None:
    """A subclass of str brings its own methods, which would be called at every look-up, of anybody's components."""
    install(
        "a-pack",
        "class S(str):\n    calls = 0\n    def __eq__(self, other):\n        S.calls += 1\n"
        "        if S.calls > 40: raise RuntimeError\n        return str.__eq__(self, other)\n"
        "    def __hash__(self): return hash(str(self))\n"
        "MODULE_REGISTER = [{'type': 'network', 'name': S('N'), 'aliases': [S('M')], 'backend': S('pytorch'),"
        " 'target': S('a_pack:N')}]",
    )
    assert _state()["a-pack"] is None
    for entry in Register.entries(RegisterType.NETWORK):
        assert {type(text) for text in (*entry.names, entry.target, entry.backend or "")} == {str}


def test_ctrl_c_stays_ctrl_c(install: Install, capsys: Said) -> None:
    install("a-pack", "raise KeyboardInterrupt")
    assert main(["list"]) == 130
    assert capsys.readouterr().err == "stopped\n"


@pytest.mark.parametrize(
    "text",
    [
        "print('a banner')",
        "import sys; sys.stdout.write('a banner\\n'); sys.stdout.flush()",
        "import sys; sys.stdout.buffer.write(b'a banner\\n'); sys.stdout.buffer.flush()",
        "import sys; print('a banner'); sys.stdout = None",
        "import sys; print('a banner'); sys.stdout = sys.stderr = object()",
        "import sys; print('a banner'); sys.stdout.close(); sys.__stdout__.close(); sys.stderr.close()",
        "import sys; sys.stdout.reconfigure(errors='replace'); print('a banner')",
        "import contextlib, sys; contextlib.redirect_stdout(None).__enter__(); print('a banner', file=sys.stderr)",
    ],
)
def test_what_a_pack_does_to_the_streams_is_undone(install: Install, tmp_path: Path, text: str) -> None:
    install("a-pack", f"{text}\n{GOOD.replace('z_good', 'a_pack')}")
    words = [sys.executable, "-c", "from prunekit.core.cli.main import main; main(['list', 'network'])"]
    path = os.pathsep.join(filter(None, [str(tmp_path / "site"), os.environ.get("PYTHONPATH")]))
    ended = subprocess.run(words, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False)
    assert ended.returncode == 0 and ended.stderr == "a banner\n"
    assert "GoodNet" in ended.stdout and "banner" not in ended.stdout


def test_a_logger_that_was_made_in_an_import_goes_on_to_work(capsys: Said) -> None:
    with foreign_code():
        handler = logging.StreamHandler(sys.stdout)
        with foreign_code():  # of what it imports itself
            print("inner")
    handler.emit(logging.makeLogRecord({"msg": "later"}))
    print("out")
    said = capsys.readouterr()
    assert (said.out, said.err) == ("out\n", "inner\nlater\n")


def test_threads_share_it() -> None:
    before, both, one_left = sys.stdout, threading.Barrier(2), threading.Event()

    def other() -> None:
        with foreign_code():
            both.wait()
        one_left.set()

    thread = threading.Thread(target=other)
    thread.start()
    with foreign_code():
        both.wait()
        one_left.wait()
        assert sys.stdout is not before
    thread.join()
    assert sys.stdout is before


def test_json_is_not_disturbed(install: Install, capsys: Said) -> None:
    install("a-pack", f"print('a banner')\n{GOOD.replace('z_good', 'a_pack')}")
    assert main(["list", "network", "--json"]) == 0
    said = capsys.readouterr()
    assert "GoodNet" in {entry["name"] for entry in json.loads(said.out)} and said.err == "a banner\n"
