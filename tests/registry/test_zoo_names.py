"""Names that end with a colon: whole zoos."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from prunekit.registry import (
    BrokenEntryError,
    ManifestError,
    Register,
    RegisterType,
    UnknownNameError,
    importable,
)

NETWORK = RegisterType.NETWORK
PACK = """\
MODULE_REGISTER = [
    {"type": "network", "name": "farm:", "backend": "pytorch", "target": "my_farm_models:animal", "aliases": ["f:"]},
    {"type": "network", "name": "Farm", "target": "my_farm_models:Farm"},
]
"""
MODELS = """\
from prunekit.registry import Register, RegisterType, UnknownNameError, nearest

@Register.register(RegisterType.NETWORK)
class Farm:
    pass

@Register.register(RegisterType.NETWORK)
def animal(name):
    if name == "quits":
        raise SystemExit(3)
    if name not in ("cow", "horse"):
        raise UnknownNameError(f"no animal {name!r}, only {nearest(name, ['cow', 'horse'])}")
    return type(name, (), {})
"""


@pytest.fixture
def farm(install: Callable[..., None], tmp_path: Path) -> None:
    install("my-farm", PACK)
    (tmp_path / "site" / "my_farm_models.py").write_text(MODELS)


@pytest.fixture
def isolated() -> Iterator[None]:
    with Register.isolated():
        yield


def test_a_pack_declares_a_zoo_and_nothing_is_imported_until_a_model_is_asked_for(farm: None) -> None:
    import sys

    entry = Register.entry(NETWORK, "farm:cow", "pytorch")
    assert (entry.name, entry.rest, entry.origin, entry.open) == ("farm:cow", "cow", "my-farm 1.5", False)
    assert Register.entry(NETWORK, "f:cow").name == "farm:cow"
    assert [e.name for e in Register.entries(NETWORK) if e.distribution == "my-farm"] == ["Farm", "farm:"]
    assert "my_farm_models" not in sys.modules and importable("my_farm_models")
    assert Register.load(entry).__name__ == "cow"
    assert Register.get(NETWORK, "f:horse", "pytorch").__name__ == "horse"


def test_the_packs_name_goes_before(farm: None) -> None:
    entry = Register.entry(NETWORK, "My_Farm/farm:cow")
    assert entry.name == "my-farm/farm:cow"
    assert Register.entry(NETWORK, entry.name) == entry
    assert Register.load(entry).__name__ == "cow"


@pytest.mark.parametrize(
    ("name", "backend", "said"),
    [
        ("farm:", None, "network 'farm:' is a whole zoo; write 'farm:NAME', with the name of a model"),
        ("farm:cw", None, "no animal 'cw', only ['cow']"),
        ("form:cow", None, "no network named 'form:cow'. Did you mean 'farm:cow'"),
        ("my-form/farm:cow", None, "no network named 'my-form/farm:cow'. Did you mean 'my-farm/farm:cow'?"),
        ("farm", None, "no network named 'farm'. Did you mean 'Farm' or 'farm:NAME' or 'f:NAME'?"),
        ("farm:cow", "jax", "network 'farm:cow' exists for backend pytorch, not for jax"),
    ],
)
def test_names_that_mean_nothing(farm: None, name: str, backend: str | None, said: str) -> None:
    with pytest.raises(UnknownNameError) as raised:
        Register.get(NETWORK, name, backend)
    assert str(raised.value).startswith(said)


def test_whatever_a_zoo_raises_is_one_clear_error(farm: None) -> None:
    with pytest.raises(BrokenEntryError, match=r"network 'farm:quits' is declared by my-farm 1.5 .* SystemExit: 3"):
        Register.get(NETWORK, "farm:quits")


def test_a_function_of_the_users_own(isolated: None) -> None:
    def cow(legs: int = 4) -> int:
        return legs

    @Register.register(NETWORK, name="mine:")
    def mine(name: str) -> Any:
        return {"hub/cow": cow, "no": 3}[name]

    assert Register.get(NETWORK, "mine:hub/cow") is cow
    assert Register.entry(NETWORK, "mine:hub/cow").name == "mine:hub/cow"
    with pytest.raises(BrokenEntryError, match="gives 3 for it, neither a class nor a function"):
        Register.get(NETWORK, "mine:no")
    with pytest.raises(BrokenEntryError, match="KeyError: 'pig'"):
        Register.get(NETWORK, "mine:pig")


def test_an_exact_name_goes_before_a_zoo(isolated: None) -> None:
    class Cow:
        pass

    Register.register(NETWORK, lambda name: type(name, (), {}), name="mine:")
    Register.register(NETWORK, Cow, name="mine:cow")
    assert Register.get(NETWORK, "mine:cow") is Cow
    assert Register.get(NETWORK, "mine:calf").__name__ == "calf"


def test_functions_are_for_zoos_and_classes_are_not(isolated: None) -> None:
    with pytest.raises(TypeError, match=r"only classes are registered, .* unless the name ends with ':'"):
        Register.register(NETWORK, lambda name: None, name="plain")
    with pytest.raises(TypeError, match="'zoo:' is the name of a zoo: a function finds its models, no class does"):
        Register.register(NETWORK, type("Zoo", (), {}), name="zoo:")


@pytest.mark.parametrize(("name", "aliases"), [(":", []), ("a:", ["b"]), ("a", ["b:"])])
def test_names_that_no_manifest_may_have(name: str, aliases: list[str]) -> None:
    from prunekit.registry.manifest import Source, read_manifest

    item = {"type": "network", "name": name, "aliases": aliases, "target": "m:f"}
    with pytest.raises(ManifestError, match="a name with ':' at its end is that of a zoo, and so are all"):
        read_manifest([item], Source("it"))
