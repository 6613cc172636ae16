"""What can be wrong with an installed distribution is its own; everybody else's packs work."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import importlib_metadata
import pytest

from prunekit.core.cli.main import main
from prunekit.registry import PackRecord, Register, RegisterType
from prunekit.registry.installed import installed

Install = Callable[..., None]
GOOD = "MODULE_REGISTER = [{'type': 'network', 'name': 'GoodNet', 'target': 'good_net:GoodNet'}]"
NAMED = b"Name: odd\nVersion: 2.0\n"
POINTS = b"[prunekit.packs.v1]\nmain = odd:MODULE_REGISTER\n"


@pytest.fixture
def odd(install: Install, tmp_path: Path) -> Callable[[bytes | None, bytes], None]:
    """Leave a good pack, and metadata that no tool would write."""
    install("good-pack", GOOD)
    (tmp_path / "site/odd.py").write_text("MODULE_REGISTER = []")

    def leave(metadata: bytes | None, points: bytes = POINTS, folder: bytes = b"odd-2.0.dist-info") -> None:
        info = os.path.join(os.fsencode(tmp_path / "site"), folder)
        os.mkdir(info)
        if metadata is not None:
            with open(os.path.join(info, b"METADATA"), "wb") as file:
                file.write(metadata)
        with open(os.path.join(info, b"entry_points.txt"), "wb") as file:
            file.write(points)

    return leave


def _others() -> list[PackRecord]:
    """What became of the packs but for the good one and our own, which work."""
    found = {record.distribution: record for record in Register.packs()}
    assert found["good-pack"].status == found["prunekit"].status == "loaded"
    assert {"GoodNet", "ResNet56"} <= {entry.name for entry in Register.entries(RegisterType.NETWORK)}
    return [record for record in Register.packs() if record.distribution not in ("good-pack", "prunekit")]


@pytest.mark.parametrize(
    ("metadata", "points", "error"),
    [
        (b"Name: odd\nVersion: 2.0\nSummary: gr\xfcn\n", POINTS, "its METADATA cannot be read: UnicodeDecodeError: "),
        (b"Version: 2.0\n", POINTS, "its METADATA has no Name"),
        (b"", POINTS, "its METADATA "),
        (None, POINTS, "its METADATA "),
        (NAMED, POINTS + b"gr\xfcn = odd\n", "its entry_points.txt cannot be read: UnicodeDecodeError: "),
        (NAMED, POINTS + b"nonsense\n", "its entry_points.txt cannot be read: "),
        (NAMED, b"[prunekit.packs.v1]\nmain = ???\n", "its entry point names no module: '???'"),
        (NAMED, b"[prunekit.packs.v1]\nmain =\n", "its entry point names no module: ''"),
        (NAMED, b"[prunekit.packs.v1]\nmain = ../odd.py\n", "its entry point names no module: '../odd.py'"),
        (NAMED, b"[prunekit.packs.v1]\nmain = os:system\n", "it must be a dict or a list"),
        (NAMED + b"Requires-Dist: prunekit ==?\n", POINTS, "InvalidRequirement: "),
    ],
)
def test_a_broken_distribution_is_reported_alone(
    odd: Callable[..., None], metadata: bytes | None, points: bytes, error: str
) -> None:
    odd(metadata, points)
    (record,) = _others()
    assert (record.distribution, record.version, record.status) == ("odd", "2.0", "failed")
    assert error in str(record.error)


@pytest.mark.parametrize(
    ("metadata", "points"),
    [
        (b"Name: odd\nSummary: gr\xfcn\n", b"[console_scripts]\nodd = odd:main\n"),
        (None, b"[console_scripts]\nodd = odd:main\n"),
        (b"Name: odd\n", b"[console_scripts]\ngr\xfcn = odd:main\n"),
        (b"Name: odd\n", b"nonsense\n"),
    ],
)
def test_what_is_no_pack_concerns_nobody(odd: Callable[..., None], metadata: bytes | None, points: bytes) -> None:
    odd(metadata, points)
    assert _others() == []


def test_names_that_a_terminal_must_not_get(
    odd: Callable[..., None], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    odd("Name: odd\x1b[2J\u202e\nVersion: 1\n 2\n".encode(), POINTS)
    odd(None, b"[prunekit.packs.v1]\n\x1b]0;x\x07 = odd:MODULE_REGISTER\n", b"o\xffd-1.dist-info")
    assert len(_others()) == 2
    assert main(["plugins"]) == main(["list", "network"]) == main(["plugins", "--json"]) == 0
    said = capsys.readouterr()
    assert (said.out + said.err).replace("\n", "").isprintable()
    assert r"o\udcffd" in said.out and r"odd\x1b[2J\u202e" in said.out


def test_a_distribution_without_a_version_is_used(odd: Callable[..., None]) -> None:
    odd(b"Name: odd\n")
    assert [(record.status, record.version) for record in _others()] == [("loaded", "2.0")]  # the folder's


def test_metadata_of_two_versions_is_told(odd: Callable[..., None]) -> None:
    odd(b"Name: odd\nVersion: 2.0\n")
    odd(b"Name: odd\nVersion: 3.0\n", POINTS, b"odd-3.0.dist-info")
    (record,) = _others()
    assert record.status == "loaded" and "holds its metadata more than once; reinstall it" in str(record.warning)


def test_the_first_on_the_path_hides_others_of_its_name(
    odd: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd(b"Name: odd\nVersion: 2.0\n")
    info = tmp_path / "nearer/Odd-9.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Name: Odd\nVersion: 9.0\n")
    monkeypatch.syspath_prepend(tmp_path / "nearer")
    assert _others() == []


def test_a_broken_one_can_be_blocked(odd: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    odd(None)
    monkeypatch.setenv("PRUNEKIT_BLOCK", "odd")
    assert [record.status for record in _others()] == ["blocked"]


def test_our_entry_points_are_those_of_the_library() -> None:
    from importlib.metadata import entry_points  # noqa: TID251 - to compare with

    theirs = entry_points(group="prunekit.packs.v1")
    assert {each.point.value for each in installed("prunekit.packs.v1")} == {point.value for point in theirs}


def test_they_are_read_by_the_package_that_is_the_same_on_every_python() -> None:
    assert {type(each.point) for each in installed("prunekit.packs.v1")} == {importlib_metadata.EntryPoint}
