"""Components whose signature, docstring or defaults raise: they are told, and the rest works."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from prunekit.core.cli.main import main

Install = Callable[..., None]
Said = pytest.CaptureFixture[str]
START = """
from prunekit.registry import Register, RegisterType

class Odd(BaseException):
    def __str__(self): raise SystemExit(0)
    __repr__ = __str__

class Raises:
    def __get__(self, *_): raise Odd

class Mute:
    __repr__ = Odd.__str__
    __str__ = __eq__ = __hash__ = __bool__ = __repr__

class Meta(type):
    @property
    def __doc__(cls): raise RuntimeError("no words")

def registered(made): return Register.register(RegisterType.DATASET, made)
"""
CLASSES = {
    "Signature": "class Signature:\n    'It.'\n    __signature__ = Raises()\n",
    "Docstring": "class Docstring:\n    __doc__ = 3\n",
    "Words": "class Words(metaclass=Meta):\n    def __init__(self, a: int = 1): ...\n",
    "Default": "class Default:\n    'It.'\n    def __init__(self, a: object = Mute(), b: int = Mute()): ...\n",
    "Annotation": "class Annotation:\n    'It.'\n    def __init__(self, a: '1 / 0' = 1): ...\n",
    "Escape": "class Escape:\n    'It\\x1b[2J.'\n    def __init__(self, a: str = '\\x07'): ...\n",
}
ANSWERS = {  # to show: the exit code, and what is said
    "Signature": (2, "but what it says of itself cannot be read: Odd: (Odd, whose __str__ raises SystemExit)"),
    "Docstring": (2, "but what it says of itself cannot be read: AttributeError: 'int' object has no attribute"),
    "Words": (0, "  a    1"),
    "Default": (2, "but what it says of itself cannot be read: SystemExit: 0"),
    "Annotation": (0, "  a    1"),
    "Escape": (0, "\\x1b[2J"),
}


@pytest.fixture
def pack(install: Install) -> None:
    """A pack with all of them, and one that is as it should be."""
    items = [{"type": "dataset", "name": name, "target": f"a_pack:{name}"} for name in [*CLASSES, "Good"]]
    made = "".join(f"{text}registered({name})\n" for name, text in CLASSES.items())
    good = "class Good:\n    'Fine.'\n    def __init__(self, a: int = 1): ...\nregistered(Good)\n"
    install("a-pack", f"{START}{made}{good}MODULE_REGISTER = {items!r}")


@pytest.mark.usefixtures("pack")
@pytest.mark.parametrize("name", CLASSES)
def test_show(capsys: Said, name: str) -> None:
    code, told = ANSWERS[name]
    assert main(["show", name]) == code
    said = capsys.readouterr()
    assert told in said.out and said.out.replace("\n", "").isprintable()


@pytest.mark.usefixtures("pack")
def test_the_check_of_the_pack(capsys: Said) -> None:
    assert main(["registry-check", "a-pack"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("a-pack 1.5: 7 declared, 2 broken")
    assert [line.split()[2] for line in lines if line.startswith("  broken")] == ["'Signature':", "'Docstring':"]


@pytest.mark.usefixtures("pack")
def test_the_schema_leaves_them_out(capsys: Said) -> None:
    assert main(["schema"]) == 0
    said = capsys.readouterr()
    assert '"Good"' in said.out and json.loads(said.out)
    for name in ("Signature", "Docstring", "Words"):
        assert f"warning: left out: dataset {name!r} is declared by a-pack 1.5 in a_pack, but what it says" in said.err
