"""What programs read from stdout is JSON, whatever a pack prints there, closes, replaces or leaves for the end."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from prunekit.core.cli.data_output import json_text, print_data, stdout_is_data

PACK = """\
import atexit, ctypes, os, subprocess, sys

libc = ctypes.CDLL(None)
print("by print")
os.write(1, b"by the descriptor\\n")
libc.puts(b"by C")  # waits in C's own buffer until the process ends
subprocess.run([sys.executable, "-c", "print('by another process')"])
atexit.register(print, "at exit")
atexit.register(os.write, 1, b"at exit\\n")
atexit.register(lambda: sys.__stdout__.write("at exit\\n"))
sys.stdout.close()
sys.stdout = sys.stderr = None
MODULE_REGISTER = []
"""
MODULE = """\
import math, os
from anynet import Conv2d, Module
from prunekit.registry import Register, RegisterType

@Register.register(RegisterType.NETWORK)
class Talking(Module):
    '''It says \\x1b[2J, 层 and more.'''

    def __init__(self, limit: float = math.inf, text: str = "\\udc80", many: tuple[float, ...] = (math.nan,)) -> None:
        super().__init__()
        print("by a constructor")
        os.write(1, b"by a constructor\\n")
        self.one = Conv2d(3, 8, 3)
        self.two = Conv2d(8, 4, 3)

    def forward(self, images):
        print("by a network")
        return self.two(self.one(images))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the pack, as if it were installed there, and the module."""
    info = tmp_path / "loud-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Name: loud\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[prunekit.packs.v1]\nmain = loud:MODULE_REGISTER\n")
    (tmp_path / "loud.py").write_text(PACK)
    (tmp_path / "talking.py").write_text(MODULE)
    return tmp_path


def _never(constant: str) -> Any:
    raise AssertionError(f"{constant} is no JSON")


@pytest.mark.skipif(os.name != "posix", reason="looks up libc")
@pytest.mark.parametrize(
    ("words", "encoding", "printed"),
    [
        ("list --json", "utf-8", 5),
        ("plugins --json", "ascii", 5),
        ("schema --import talking", "ascii", 5),
        ("inspect --import talking --model Talking --input 1x3x8x8 --json", "ascii", 8),
    ],
)
def test_stdout_is_json(
    folder: Path, command: list[str], environment: dict[str, str], words: str, encoding: str, printed: int
) -> None:
    path = os.pathsep.join([str(folder), environment["PYTHONPATH"]])
    ended = subprocess.run(
        [*command, *words.split(), *(["-b", os.environ["PRUNEKIT_TEST_BACKEND"]] if "inspect" in words else [])],
        cwd=folder, env={**environment, "PYTHONPATH": path, "PYTHONIOENCODING": encoding}, capture_output=True,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout.decode("utf-8"), parse_constant=_never)
    said = ended.stderr.decode("utf-8")
    assert sum(line.startswith(("by ", "at exit")) for line in said.splitlines()) >= printed
    assert "Traceback" not in said


@pytest.mark.parametrize("redirection", [">/dev/full", "| true", ">&-", "2>&-", "2>&- | cat"])
def test_what_stdout_and_stderr_are(command: list[str], environment: dict[str, str], redirection: str) -> None:
    text = f'"$0" "$@" list --json {redirection}'
    ended = subprocess.run(["sh", "-c", text, *command], env=environment, capture_output=True, text=True, check=False)
    full = redirection == ">/dev/full"
    assert ended.returncode == (2 if full else 0)
    assert ended.stderr == ("error: No space left on device\n" if full else "")
    if "2>&-" in redirection:
        assert json.loads(ended.stdout)


def test_afterwards_stdout_is_as_before() -> None:
    code = (
        "import os, sys\nfrom prunekit.core.cli.data_output import print_data, stdout_is_data\nprint('one')\n"
        "with stdout_is_data(for_good=False):\n    print('two')\n    os.write(1, b'three\\n')\n    print_data('four')\n"
        "    sys.stdout = None\nprint('five', flush=True)\nos.write(1, b'six\\n')\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.split() == ["one", "four", "five", "six"] and sorted(ended.stderr.split()) == ["three", "two"]


def test_a_stand_in_for_stdout_serves_too(capsys: pytest.CaptureFixture[str]) -> None:
    with stdout_is_data(for_good=False):
        print("log")
        print_data("data")
    print_data("more")
    assert capsys.readouterr() == ("data\nmore\n", "log\n")


def test_json_has_no_infinity() -> None:
    assert (
        json_text({"a": [math.inf, (math.nan, 1.5)], "b": 10**400}) == f'{{"a": [null, [null, 1.5]], "b": {10**400}}}'
    )
