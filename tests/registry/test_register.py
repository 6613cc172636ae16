from __future__ import annotations

import importlib
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from prunekit.registry import (
    AmbiguousNameError,
    BrokenEntryError,
    DuplicateNameError,
    Entry,
    Register,
    RegisterType,
    UnknownNameError,
)

NETWORK = RegisterType.NETWORK
BACKEND = os.environ["PRUNEKIT_TEST_BACKEND"]


@pytest.fixture(autouse=True)
def isolated() -> Iterator[None]:
    with Register.isolated():
        yield


def test_a_bare_decorator_takes_the_class_name() -> None:
    @Register.register(NETWORK)
    class Bare:
        def __init__(self, **desc: Any) -> None:
            self.desc = desc

    assert Register.get(NETWORK, "Bare") is Bare
    assert Register.get(NETWORK, "Bare")(depth=3).desc == {"depth": 3}
    assert Register.entry(NETWORK, "Bare").origin == __name__


def test_name_aliases_and_call() -> None:
    class Long:
        pass

    assert Register.register(NETWORK, Long, name="short", aliases=("s", "sh")) is Long
    assert {Register.get(NETWORK, name) for name in ("short", "s", "sh")} == {Long}
    with pytest.raises(UnknownNameError):
        Register.get(NETWORK, "Long")


def test_only_classes_are_registered() -> None:
    with pytest.raises(TypeError, match="only classes"):
        Register.register(NETWORK, lambda: None, name="f")  # type: ignore[type-var]


def test_one_name_for_two_backends() -> None:
    @Register.register(NETWORK, name="Twin", backend="pytorch")
    class TorchTwin:
        pass

    @Register.register(NETWORK, name="Twin", backend="mindspore")
    class MindTwin:
        pass

    assert Register.get(NETWORK, "Twin", "pytorch") is TorchTwin
    assert Register.get(NETWORK, "Twin", "mindspore") is MindTwin
    with pytest.raises(AmbiguousNameError, match=r"TorchTwin\) and .*|MindTwin\) and "):
        Register.get(NETWORK, "Twin")
    with pytest.raises(UnknownNameError, match="exists for backend mindspore, pytorch, not for jax"):
        Register.get(NETWORK, "Twin", "jax")


def test_a_component_of_one_backend_comes_before_one_for_all() -> None:
    @Register.register(NETWORK, name="Both")
    class ForAll:
        pass

    @Register.register(NETWORK, name="Both", backend="pytorch")
    class ForOne:
        pass

    assert Register.get(NETWORK, "Both", "pytorch") is ForOne
    assert Register.get(NETWORK, "Both", "mindspore") is ForAll


def test_the_backend_is_found_from_the_base_classes() -> None:
    base = type("Module", (), {"__module__": "torch.nn.modules.module"})
    made = type("Net", (base,), {"__module__": "mine"})
    Register.register(NETWORK, made)
    assert Register.entry(NETWORK, "Net").backend == "pytorch"
    assert Register.backend_of(type("Plain", (), {"__module__": "mine"})) is None


@pytest.mark.parametrize("typed", ["ResNet5", "resnet56", "RESNET56"])
def test_did_you_mean(typed: str) -> None:
    with pytest.raises(UnknownNameError, match=r"Did you mean .*'ResNet56'"):
        Register.get(NETWORK, typed)


def test_far_from_every_name_all_are_listed() -> None:
    with pytest.raises(UnknownNameError, match=r"There are .*uniform"):
        Register.get(RegisterType.SEARCH_ALGORITHM, "zzzzzz")


def test_a_duplicate_is_refused_naming_both() -> None:
    def first() -> type:
        @Register.register(NETWORK)
        class Same:
            pass

        return Same

    def second() -> None:
        @Register.register(NETWORK, name="Other", aliases=("Same",))
        class Different:
            pass

    kept = first()
    with pytest.raises(DuplicateNameError, match=r"'Same' of .*second.*Different .*registered by .*first.*Same"):
        second()
    assert Register.get(NETWORK, "Same") is kept


def test_a_failed_registration_changes_nothing() -> None:
    class A:
        pass

    class B:
        pass

    Register.register(NETWORK, A, name="a")
    Register.register(NETWORK, B, name="b")
    before = Register.entries(NETWORK)
    with pytest.raises(DuplicateNameError):
        Register.register(NETWORK, A, name="a", aliases=("b",))
    assert Register.entries(NETWORK) == before


def test_a_users_class_goes_before_what_a_pack_declares() -> None:
    mine = type("Mine", (), {"__module__": "my_models"})
    Register.register(NETWORK, mine, name="ResNet56", backend=BACKEND)
    assert Register.get(NETWORK, "ResNet56", BACKEND) is mine is Register.get(NETWORK, "ResNet56")
    ours = Register.entry(NETWORK, "prunekit/ResNet56", BACKEND)
    assert (ours.name, ours.distribution) == ("prunekit/ResNet56", "prunekit")
    found = Register.get(NETWORK, ours.name, BACKEND)  # imported after mine
    assert found.__module__.startswith("prunekit.model_zoo.")
    assert Register.get(NETWORK, "ResNet56") is mine
    (note,) = Register.notes()
    assert note == (
        "network 'ResNet56': my_models:Mine is used in place of the one that"
        f" {Register.entry(NETWORK, 'ResNet20', BACKEND).origin} declares"
    )


def test_a_users_class_for_any_backend_goes_first_too() -> None:
    mine = Register.register(NETWORK, type("Mine", (), {}), aliases=("ResNet56",))
    assert Register.get(NETWORK, "ResNet56", "pytorch") is mine
    assert len(Register.notes()) == 1


def test_override_says_nothing() -> None:
    Register.register(NETWORK, type("Mine", (), {}), name="ResNet56", override=True)
    assert Register.notes() == []


def _two_packs(monkeypatch: pytest.MonkeyPatch) -> None:
    for pack, version in (("One_Pack", "1"), ("other-pack", "2")):
        module = pack.replace("-", "_").lower()
        entry = Entry(NETWORK, "Net", None, f"{module}:Net", ("Nt",), pack, version)
        Register._table.declare([entry])
        made = type("Net", (), {"__module__": module})
        monkeypatch.setitem(sys.modules, module, type(sys)(module))
        Register.register(NETWORK, made)


def test_two_packs_with_one_name(monkeypatch: pytest.MonkeyPatch) -> None:
    _two_packs(monkeypatch)
    with pytest.raises(AmbiguousNameError) as told:
        Register.entry(NETWORK, "Net")
    assert str(told.value) == (
        "network 'Net' is declared by One_Pack 1 (one_pack:Net) and other-pack 2 (other_pack:Net);"
        " write 'One_Pack/Net' or 'other-pack/Net'"
    )
    for name in ("One_Pack/Net", "one-pack/Net", "one.pack/Nt"):
        assert Register.get(NETWORK, name).__module__ == "one_pack"
        assert Register.entry(NETWORK, name).name == "One_Pack/Net"
    assert Register.notes() == []
    for name, said in (
        ("one-pak/Net", "Did you mean 'One_Pack/Net' or "),
        ("one-pack/Nett", "Did you mean 'One_Pack/Net'"),
        ("nobody/Net", "no network named 'nobody/Net'. "),
    ):
        with pytest.raises(UnknownNameError, match=said):
            Register.get(NETWORK, name)
    mine = Register.register(NETWORK, type("Net", (), {}))
    assert Register.get(NETWORK, "Net") is mine
    assert len(Register.notes()) == 2


def test_a_name_holds_no_slash() -> None:
    with pytest.raises(ValueError, match="holds no '/'"):
        Register.register(NETWORK, type("N", (), {}), name="a/b")


def test_the_same_class_may_come_again() -> None:
    def define() -> type:
        @Register.register(NETWORK)
        class Again:
            pass

        return Again

    define()
    reloaded = define()
    assert Register.get(NETWORK, "Again") is reloaded
    assert len([e for e in Register.entries(NETWORK) if e.name == "Again"]) == 1


def test_override_replaces_and_stays_when_the_other_is_imported_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "late_pack.py").write_text(
        "from prunekit.registry import Register, RegisterType\n"
        "@Register.register(RegisterType.METRIC)\nclass Late: pass\n"
        "@Register.register(RegisterType.METRIC)\nclass Sibling: pass\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    names = ("Late", "Sibling")
    Register._table.declare(Entry(RegisterType.METRIC, n, None, f"late_pack:{n}", (), "late", "1") for n in names)

    class Mine:
        pass

    Register.register(RegisterType.METRIC, Mine, name="Late", override=True)
    assert Register.get(RegisterType.METRIC, "Sibling").__name__ == "Sibling"  # its module registers Late as well
    assert Register.get(RegisterType.METRIC, "Late") is Mine


def test_an_overridden_class_that_comes_again_changes_nothing() -> None:
    first = Register.register(NETWORK, type("First", (), {}), name="Net")
    second = Register.register(NETWORK, type("Second", (), {}), name="Net", override=True)
    Register.register(NETWORK, first, name="Net")  # its cell of a notebook is run once more
    assert Register.get(NETWORK, "Net") is second
    Register.register(NETWORK, first, name="Net", override=True)
    assert Register.get(NETWORK, "Net") is first


def _pack(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str) -> None:
    (folder / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(folder)
    Register._table.declare([Entry(NETWORK, "Promised", None, f"{name}:Promised", (), "some-pack", "1.0")])


def test_declared_but_import_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _pack(tmp_path, monkeypatch, "failing_pack", "raise SystemExit('no licence')")
    with pytest.raises(BrokenEntryError, match=r"some-pack 1\.0 in failing_pack.*SystemExit: no licence"):
        Register.get(NETWORK, "Promised")


def test_imported_but_never_registered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _pack(tmp_path, monkeypatch, "silent_pack", "class Promised: pass")
    with pytest.raises(BrokenEntryError, match=r"@Register.register\(RegisterType.NETWORK\) missing"):
        Register.get(NETWORK, "Promised")


def test_the_decorator_takes_over_what_the_manifest_says() -> None:
    Register.get(RegisterType.BACKEND, BACKEND[0])  # the alias stands in the manifest only
    entry = Register.entry(RegisterType.BACKEND, BACKEND[0])
    framework = {"pytorch": "torch"}.get(BACKEND, BACKEND)
    assert (entry.name, entry.framework, entry.origin.split()[0]) == (BACKEND, framework, "prunekit")


def test_isolated_undoes_registrations_but_not_promises() -> None:
    with Register.isolated():
        Register.register(NETWORK, type("Gone", (), {}))
        Register.get(RegisterType.REWARD, "acc_flops")
    with pytest.raises(UnknownNameError):
        Register.get(NETWORK, "Gone")
    assert Register.get(RegisterType.REWARD, "acc_flops")


def test_reload_of_a_module() -> None:
    before = Register.get(RegisterType.REWARD, "acc_params")
    importlib.reload(sys.modules[before.__module__])
    assert Register.get(RegisterType.REWARD, "acc_params") is not before


def test_threads_register_and_look_up_at_once() -> None:
    problems: list[BaseException] = []
    start = threading.Barrier(8)

    def work(number: int) -> None:
        try:
            start.wait()
            for k in range(20):
                made = type(f"T{number}x{k}", (), {})
                Register.register(NETWORK, made)
                assert Register.get(NETWORK, made.__name__) is made
                Register.get(RegisterType.REWARD, "acc_flops")
        except BaseException as problem:
            problems.append(problem)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems
    assert len([e for e in Register.entries(NETWORK) if e.name.startswith("T")]) >= 160


def test_two_threads_want_one_name() -> None:
    start, outcomes = threading.Barrier(6), list[str]()

    def work(number: int) -> None:
        made = type("Wanted", (), {"__qualname__": f"Wanted{number}"})
        start.wait()
        try:
            Register.register(NETWORK, made, name="Wanted")
            outcomes.append("taken")
        except DuplicateNameError:
            outcomes.append("refused")

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["refused"] * 5 + ["taken"]
