from __future__ import annotations

import sys
from pathlib import Path

import pytest

from prunekit.registry import Entry, ManifestError, RegisterType
from prunekit.registry.manifest import Source, read_manifest

PACK = Source("pack 1", "pack", "1")
GUIDE = "ascend_automl.core.networks.pytorch.ResNet50_for_PyTorch_1.4_code.DistributedResnet50.image_classification"


def _write(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def _read(manifest: object, folder: Path) -> list[Entry]:
    return read_manifest(manifest, Source("--import mine", folder=folder))


def test_a_key_that_is_an_import_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Found without being imported, in a package as in a folder without ``__init__.py``."""
    _write(tmp_path / "some_nets/__init__.py", "raise RuntimeError('imported')")
    for name in ("resnet", "vgg", "inner/vit"):
        _write(tmp_path / f"some_nets/{name}.py")
    monkeypatch.syspath_prepend(tmp_path)
    entries = read_manifest(
        {"some_nets": {"resnet": ["A", "B"], "vgg": ["C"]}, "some_nets.inner": {"vit": ("D",)}}, PACK
    )
    assert [(e.type, e.name, e.target, e.file, e.origin) for e in entries] == [
        (RegisterType.NETWORK, "A", "some_nets.resnet:A", None, "pack 1"),
        (RegisterType.NETWORK, "B", "some_nets.resnet:B", None, "pack 1"),
        (RegisterType.NETWORK, "C", "some_nets.vgg:C", None, "pack 1"),
        (RegisterType.NETWORK, "D", "some_nets.inner.vit:D", None, "pack 1"),
    ]
    assert "some_nets" not in sys.modules


def test_the_guides_own_key_is_a_folder_beside_the_manifest(tmp_path: Path) -> None:
    """The toolkit's prefix dropped, and one dot of it part of a folder's name."""
    inner = "core/networks/pytorch/ResNet50_for_PyTorch_1.4_code/DistributedResnet50/image_classification"
    file = _write(tmp_path / inner / "resnet.py")
    (entry,) = _read({GUIDE: {"resnet": ["ResNet50"]}}, tmp_path)
    assert (entry.file, entry.target, entry.module) == (file, f"{GUIDE}.resnet:ResNet50", f"{GUIDE}.resnet")
    assert entry.distribution is entry.version is None


@pytest.mark.parametrize(
    ("key", "folder"),
    [
        ("nets", "nets"),
        ("a.b", "a/b"),
        ("a.b", "a.b"),
        ("v1.4.x", "v1.4/x"),
        ("v1.4.x", "v1/4.x"),
        ("ascend_automl.nets", "nets"),
        ("ascend_automl.nets", "ascend_automl/nets"),
        ("res-net_1.0", "res-net_1.0"),
    ],
)
def test_folders(tmp_path: Path, key: str, folder: str) -> None:
    file = _write(tmp_path / folder / "resnet.py")
    (entry,) = _read({key: {"resnet": ["Net"]}}, tmp_path)
    assert entry.file == file


def test_a_folder_that_lacks_the_file_is_passed_by(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    file = _write(tmp_path / "a.b/resnet.py")
    assert _read({"a.b": {"resnet": ["Net"]}}, tmp_path)[0].file == file


def test_what_is_missing_is_told_with_the_place(tmp_path: Path) -> None:
    (tmp_path / "nets").mkdir()
    for key, said in (
        ("nets", f"--import mine: there is no resnet.py in {tmp_path / 'nets'}"),
        (
            "ascend_automl.gone",
            f"--import mine: 'ascend_automl.gone' is no import path, and there is no folder {tmp_path / 'gone'} or"
            f" {tmp_path / 'ascend_automl.gone'} (a dot may be a separator)",
        ),
    ):
        with pytest.raises(ManifestError) as told:
            _read({key: {"resnet": ["Net"]}}, tmp_path)
        assert str(told.value) == said
    with pytest.raises(ManifestError, match="its manifest lies in no folder"):
        read_manifest({"gone": {"resnet": ["Net"]}}, PACK)


@pytest.mark.parametrize("key", ["..", "../nets", "/nets", "nets/..", "a..b", ".nets", "nets\\x", "C:", "", "a\0b", 3])
def test_no_key_leads_out_of_the_folder(tmp_path: Path, key: object) -> None:
    _write(tmp_path / "nets/resnet.py")
    (tmp_path / "inside").mkdir()
    with pytest.raises(ManifestError, match="is not an import path"):
        _read({key: {"resnet": ["Net"]}}, tmp_path / "inside")


def test_no_link_leads_out_of_the_folder(tmp_path: Path) -> None:
    _write(tmp_path / "nets/resnet.py")
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "linked").symlink_to(tmp_path / "nets")
    with pytest.raises(ManifestError, match=r"linked/resnet\.py leads out of the manifest's folder, to"):
        _read({"linked": {"resnet": ["Net"]}}, inside)


def test_a_list() -> None:
    full = {"type": "backend", "name": "x", "backend": "x", "aliases": ["y"], "target": "m.n:X", "framework": "xx"}
    assert read_manifest([full], PACK) == [Entry(RegisterType.BACKEND, "x", "x", "m.n:X", ("y",), "pack", "1", "xx")]
    assert read_manifest([], PACK) == [] == read_manifest({}, PACK)


def test_a_users_list_may_name_modules_beside_it(tmp_path: Path) -> None:
    file = _write(tmp_path / "some_data.py")
    item = {"type": "dataset", "name": "D", "target": "some_data:D"}
    assert _read([item], tmp_path)[0].file == file
    assert read_manifest([item], Source("pack 1", "pack", "1", tmp_path))[0].file is None


ITEM = {"type": "network", "name": "N", "target": "m:N"}


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        (None, "a NoneType; it must be a dict or a list"),
        ({3: {}}, "3 is not an import path"),
        ({"no path": {}}, "'no path' is not an import path"),
        ({"pack": ["A"]}, "'pack' must hold"),
        ({"json": {"tool": "A"}}, "json.tool must hold a list"),
        ({"json": {"tool": ["1A"]}}, "'json.tool:1A' is not the name of a class"),
        ({"json": {"tool": [None]}}, "'json.tool:None' is not the name of a class"),
        ({"pack": {"a-b": ["A"]}}, "'pack.a-b' is not the name of a module"),
        ({"pack": {"resnet.py": ["A"]}}, "'pack.resnet.py' is not the name of a module; write 'resnet'"),
        ({"json": {"tool": ["A", "A"]}}, "network 'A' is declared twice"),
        ({"prunekit.registry": {"entry": ["A"]}}, "'prunekit.registry.entry:A' is a part of prunekit"),
        ([{**ITEM, "target": "prunekit.core:N"}], "'prunekit.core:N' is a part of prunekit; declare your own"),
        (["A"], "item 0 of MODULE_REGISTER is a str"),
        ([ITEM, {**ITEM, "nmae": 1}], r"item 1 .* unknown keys \['nmae'\]"),
        ([{**ITEM, 3: 1, "x": 2}], r"unknown keys \['3', 'x'\]"),
        ([{"type": "network"}], r"lacks \['name', 'target'\]"),
        ([{**ITEM, "type": "netwrok"}], "no type 'netwrok'; there are backend, network"),
        ([{**ITEM, "target": "m.N"}], "target 'm.N' is not a"),
        ([{**ITEM, "target": "../m:N"}], "target '../m:N' is not a"),
        ([{**ITEM, "name": ""}], "name must be a text"),
        ([{**ITEM, "name": 5}], "name must be a text"),
        ([{**ITEM, "name": "a/b"}], "without '/'"),
        ([{**ITEM, "aliases": "one"}], "aliases a list of texts"),
        ([{**ITEM, "backend": 5}], "backend must be a text, not 5"),
        ([ITEM, {**ITEM, "name": "M", "aliases": ["N"], "target": "m:M"}], "'N' is declared twice, as m:N and as m:M"),
    ],
)
def test_malformed_manifests(manifest: object, said: str) -> None:
    with pytest.raises(ManifestError, match=f"pack 1.*{said}"):
        read_manifest(manifest, PACK)
