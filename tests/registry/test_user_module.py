"""What ``--import NAME`` does."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from prunekit.core.data import batches
from prunekit.registry import (
    BrokenEntryError,
    DuplicateNameError,
    PrunekitError,
    Register,
    RegisterType,
    UnknownNameError,
)

NETWORK = RegisterType.NETWORK
USE = "from prunekit.registry import Register, RegisterType\n"
NET = USE + "@Register.register(RegisterType.NETWORK)\nclass {}: pass\n"
DATA = USE + (
    "@Register.register(RegisterType.DATASET)\nclass Numbers:\n"
    "    def __len__(self): return 6\n"
    "    def __getitem__(self, index): return index + 0.5, index\n"
)


@pytest.fixture
def here(fresh: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, which ``sys.path`` does not lead to."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def _refused(name: str) -> str:
    with pytest.raises(PrunekitError) as told:
        Register.import_module(name)
    return str(told.value)


def test_a_file_in_the_current_folder(here: Path) -> None:
    (here / "my_models.py").write_text("import my_blocks\n" + NET.format("MyNet") + "MyNet.width = my_blocks.WIDTH\n")
    (here / "my_blocks.py").write_text("WIDTH = 3")
    (here / "my_late.py").write_text("")
    path = list(sys.path)
    Register.import_module("my_models")
    assert Register.get(NETWORK, "MyNet").width == 3
    assert Register.entry(NETWORK, "MyNet").origin == "my_models"
    with pytest.raises(ModuleNotFoundError):
        __import__("my_late")  # for that import alone
    assert sys.path == path
    Register.import_module("my_models")  # once more changes nothing


def test_a_package_in_the_current_folder(here: Path) -> None:
    (here / "my_pack").mkdir()
    (here / "my_pack/__init__.py").write_text("")
    (here / "my_pack/nets.py").write_text("from my_pack.blocks import A\nfrom . import blocks\n" + NET.format("MyNet"))
    (here / "my_pack/blocks.py").write_text("A = 1")
    Register.import_module("my_pack.nets")
    assert Register.get(NETWORK, "MyNet").__module__ == "my_pack.nets"


def test_installed_modules_go_before_siblings_and_after_the_module_itself(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = tmp_path / "site"
    installed.mkdir()
    monkeypatch.syspath_prepend(installed)
    for folder in (installed, here):
        for name in ("my_models", "my_blocks"):
            (folder / f"{name}.py").write_text(f"WHERE = {str(folder)!r}\n")
    (here / "my_models.py").write_text("import my_blocks\n" + NET.format("MyNet") + "MyNet.where = my_blocks.WHERE\n")
    Register.import_module("my_models")
    assert Register.get(NETWORK, "MyNet").where == str(installed)


def test_an_installed_module(here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "far_models.py").write_text(NET.format("FarNet"))
    monkeypatch.syspath_prepend(tmp_path)
    Register.import_module("far_models")
    assert Register.get(NETWORK, "FarNet").__module__ == "far_models"


def test_the_name_of_a_module_that_is_in_use(here: Path) -> None:
    (here / "json.py").write_text(NET.format("MyNet"))
    said = _refused("json")
    assert said.startswith(
        f"--import json: RegistryError: {here / 'json.py'} cannot be imported: 'json' is the name of"
    )
    assert said.endswith("json/__init__.py); rename the file")
    (here / "sys.py").write_text("")
    assert "(built in); rename the file" in _refused("sys")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("my_model", "ModuleNotFoundError: No module named 'my_model'. Did you mean 'my_models'?"),
        ("zzzzzz", "ModuleNotFoundError: No module named 'zzzzzz'"),
        ("my_models.py", "a module is named, not a file; did you mean my_models?"),
        ("./my_models.py", "a module is named, not a file; did you mean my_models?"),
        ("far/my_models", "a module is named, not a file; did you mean my_models (in the folder far)?"),
        ("my-models", "a module is named, not a file; the name of a module has letters, digits and underscores only"),
        ("..", "a module is named, not a file; the name of a module has letters, digits and underscores only"),
        ("", "a module is named, not a file"),
        ("my_models.x", "ModuleNotFoundError: No module named 'my_models.x'; 'my_models' is not a package"),
        ("quits", "quits.py:1: SystemExit: 7"),
        ("raises", "raises.py:1: ZeroDivisionError: division by zero"),
        ("lacks", "lacks.py:1: ModuleNotFoundError: No module named 'my_modle'. Did you mean 'my_models'?"),
        ("misspelt", "SyntaxError: invalid syntax (misspelt.py, line 2)"),
    ],
)
def test_imports_that_fail(here: Path, name: str, said: str) -> None:
    texts = {"my_models": "", "quits": "raise SystemExit(7)", "raises": "1 / 0", "misspelt": "\na b c"}
    for stem, text in {**texts, "lacks": "import my_modle"}.items():
        (here / f"{stem}.py").write_text(text)
    assert _refused(name) == f"--import {name}: {said}"
    assert name not in sys.modules


def test_a_module_that_failed_can_be_mended(here: Path) -> None:
    (here / "my_models.py").write_text("1 / 0")
    _refused("my_models")
    (here / "my_models.py").write_text(NET.format("MyNetwork"))
    Register.import_module("my_models")
    assert Register.get(NETWORK, "MyNetwork")


def test_isolated_undoes_an_import(here: Path) -> None:
    (here / "my_models.py").write_text(NET.format("MyNet"))
    for _ in range(2):
        with Register.isolated():
            Register.import_module("my_models")
            assert Register.get(NETWORK, "MyNet")
        assert "my_models" not in sys.modules
    with pytest.raises(UnknownNameError):
        Register.get(NETWORK, "MyNet")


def test_the_guides_module_register(here: Path) -> None:
    """Its entries are declared, and imported from the folders beside it when they are looked up."""
    key = "ascend_automl.core.networks.pytorch.ResNet50_for_PyTorch_1.4_code"
    folder = here / "core/networks/pytorch/ResNet50_for_PyTorch_1.4_code"
    folder.mkdir(parents=True)
    text = "from ascend_automl.tools.register import Register, RegisterType\nfrom layers import WIDTH\n"
    (folder / "resnet.py").write_text(text + NET.format("ResNet56") + "ResNet56.width = WIDTH\n")
    (folder / "layers.py").write_text("WIDTH = 1")
    (here / "module_register.py").write_text(
        f"MODULE_REGISTER = {{'{key}': {{'resnet': ['ResNet56']}}, 'other': {{'net': ['OtherNet']}}}}\n"
    )
    (here / "other").mkdir()
    (here / "other/net.py").write_text(
        "from layers import WIDTH\n" + NET.format("OtherNet") + "OtherNet.width = WIDTH\n"
    )
    (here / "other/layers.py").write_text("WIDTH = 2")  # the same name in another folder
    Register.import_module("module_register")
    assert f"{key}.resnet" not in sys.modules
    assert Register.get(NETWORK, "ResNet56").width == 1
    assert Register.get(NETWORK, "OtherNet").width == 2
    assert sys.modules["layers"].WIDTH == 1
    assert Register.entry(NETWORK, "ResNet56").target == f"{key}.resnet:ResNet56"
    (note,) = Register.notes()
    assert note.startswith(f"network 'ResNet56': {key}.resnet:ResNet56 is used in place of the one that prunekit ")


def test_a_wrong_manifest_of_ones_own(here: Path) -> None:
    (here / "mine.py").write_text("MODULE_REGISTER = {'gone': {'resnet': ['Net']}}")
    assert _refused("mine") == (
        f"--import mine: 'gone' is no import path, and there is no folder {here / 'gone'} (a dot may be a separator)"
    )


def test_two_modules_of_ones_own_with_one_name(here: Path) -> None:
    for name in ("one", "two"):
        (here / f"{name}.py").write_text(NET.format("MyNet"))
        item = {"type": "network", "name": "MyNet", "target": f"{name}:MyNet"}
        (here / f"declares_{name}.py").write_text(f"MODULE_REGISTER = [{item}]")
    Register.import_module("one")
    assert _refused("two") == (
        "--import two: two.py:2: DuplicateNameError: network 'MyNet' of two:MyNet (two) is already registered by"
        " one:MyNet (one); choose another name= or say override=True"
    )
    Register.import_module("declares_one")
    with pytest.raises(
        DuplicateNameError, match=r"'MyNet' of two:MyNet \(two\) is already registered by one:MyNet .*another name"
    ):
        Register.import_module("declares_two")


@pytest.mark.parametrize("text", [DATA, "from my_data import Numbers\n"])
def test_a_dataset_of_ones_own_reaches_worker_processes(here: Path, text: str) -> None:
    """Defined in the module itself or in one beside it: neither is on any path."""
    (here / "my_data.py").write_text(DATA)
    (here / "my_models.py").write_text(text)
    Register.import_module("my_models")
    dataset = Register.get(RegisterType.DATASET, "Numbers")()
    found = [(inputs.tolist(), target.tolist()) for inputs, target in batches(dataset, 4, workers=1)]
    assert found == [([0.5, 1.5, 2.5, 3.5], [0, 1, 2, 3]), ([4.5, 5.5], [4, 5])]


def test_a_declared_dataset_reaches_worker_processes(here: Path) -> None:
    (here / "my_data.py").write_text(DATA)
    (here / "mine.py").write_text(
        "MODULE_REGISTER = [{'type': 'dataset', 'name': 'Numbers', 'target': 'my_data:Numbers'}]\n"
    )
    Register.import_module("mine")
    dataset = Register.get(RegisterType.DATASET, "Numbers")()
    assert [target.tolist() for _, target in batches(dataset, 6, workers=1)] == [[0, 1, 2, 3, 4, 5]]


def test_no_key_of_a_yml_imports_anything(here: Path) -> None:
    (here / "my_models.py").write_text("raise SystemExit('imported')")
    for name in ("my_models", "my_models:Net", "my_models/Net", "os.getcwd"):
        with pytest.raises(UnknownNameError):
            Register.get(NETWORK, name)


def test_a_module_that_registers_nothing_is_told(here: Path) -> None:
    (here / "my_models.py").write_text("MODULE_REGISTERS = {}\n")
    Register.import_module("my_models")
    assert Register.notes() == [
        "--import my_models: nothing is registered there; is the decorator or MODULE_REGISTER missing?"
    ]


def _layers(folder: Path, key: str, width: int) -> None:
    """A folder whose module takes its width from the one beside it, and a manifest that declares it."""
    inside = folder / key
    inside.mkdir(parents=True)
    (inside / "common.py").write_text(f"WIDTH = {width}\n")
    (inside / f"net{width}.py").write_text(
        f"from .common import WIDTH\n{NET.format(f'Net{width}')}Net{width}.width = WIDTH\n"
    )


def test_two_folders_of_one_name_are_not_mixed_up(here: Path) -> None:
    for width in (1, 2):
        _layers(here / f"mani{width}", "nets", width)
        text = f"MODULE_REGISTER = {{'nets': {{'net{width}': ['Net{width}']}}}}\n"
        (here / f"mani{width}/__init__.py").write_text(text)
        Register.import_module(f"mani{width}")
    assert Register.get(NETWORK, "Net1").width == 1
    with pytest.raises(BrokenEntryError, match="'nets' is the name of another folder's; rename the folder"):
        Register.get(NETWORK, "Net2")


def test_a_folder_stands_in_no_packages_place(here: Path) -> None:
    _layers(here, "numpy", 1)
    (here / "mani.py").write_text("MODULE_REGISTER = {'numpy': {'net1': ['Net1']}}\n")
    assert "if a folder is meant, rename it: 'numpy' is taken" in _refused("mani")
