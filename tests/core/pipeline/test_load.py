"""A network on disk, and files that are none."""

from __future__ import annotations

import importlib
import json
import os
import pickle
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import prunekit
from prunekit.core.api import backend_for
from prunekit.core.pipeline.description import Description, arguments
from prunekit.core.pipeline.errors import DescriptionError
from prunekit.core.pipeline.input_spec import arrays_of, spec_of
from prunekit.core.pipeline.load import load
from prunekit.registry import Register, RegisterType

BACKEND = os.environ["PRUNEKIT_TEST_BACKEND"]
Finished = tuple[Path, subprocess.CompletedProcess[str]]


@pytest.fixture
def saved(finished: Finished, tmp_path: Path) -> Path:
    """The description of a pruned network, by itself in a folder: no original, no yml."""
    found = next(p for p in (finished[0] / "tasks/t/output/nas").glob("desc_*.json") if p.stem != "desc_original")
    for name in (found.name, found.name.replace("desc", "model").replace("json", "safetensors")):
        shutil.copy(found.parent / name, tmp_path)
    return tmp_path / found.name


@pytest.fixture
def pack(cli: Callable[..., int]) -> None:
    import tinypack  # type: ignore[import-not-found]  # noqa: F401


def _edit(path: Path, **changes: Any) -> Path:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    return path


@pytest.mark.usefixtures("pack")
def test_loading_unpickles_nothing(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("something was unpickled")

    prunekit.load(str(saved))  # what PyTorch imports late, it has imported now
    torch = [(importlib.import_module("torch"), "load")] if BACKEND == "pytorch" else []
    for module, name in ((pickle, "load"), (pickle, "loads"), (pickle, "Unpickler"), *torch):
        monkeypatch.setattr(module, name, refuse)
    network = prunekit.load(str(saved))
    assert not network.training
    assert sum(network.features[k].out_channels for k in (0, 3, 6)) < 8 + 12 + 16
    ((outputs, _),) = backend_for(network).run(network, [(np.zeros((3, 1, 8, 8), np.float32), 0)])
    assert outputs.shape == (3, 4)


@pytest.mark.usefixtures("cli")
def test_an_unregistered_network_names_the_module(saved: Path) -> None:
    advice = r"First say prunekit.Register.import_module\('tinypack'\), on the command line --import tinypack\."
    with pytest.raises(DescriptionError, match=rf"desc_\d\.json: no network named 'TinyNet'\..* {advice}"):
        load(saved)
    with pytest.raises(DescriptionError, match=r"First say prunekit.Register.import_module\('MODULE'\)"):
        load(_edit(saved, imports=[]))


def test_another_network_of_the_same_name_is_not_taken(saved: Path) -> None:
    own = _edit(saved, network={"type": "ResNet20"})
    with pytest.raises(DescriptionError, match=r"is ResNet20 of a module of the user's own, not that of prunekit 0"):
        load(own)
    with pytest.raises(DescriptionError, match=r"of some-pack, not that of prunekit .* Install some-pack"):
        load(_edit(own, pack="some-pack"))


@pytest.mark.usefixtures("pack")
@pytest.mark.parametrize("name", ["../x.safetensors", "/etc/x.safetensors", "a/x.safetensors", "", "model.pth", ".."])
def test_weights_lie_beside_the_description(saved: Path, name: str) -> None:
    with pytest.raises(DescriptionError, match=r"not a \.safetensors file beside the description"):
        load(_edit(saved, weights=name))


@pytest.mark.usefixtures("pack")
def test_missing_weights(saved: Path) -> None:
    with pytest.raises(prunekit.registry.PrunekitError, match="there is no such weights file"):
        load(_edit(saved, weights="gone.safetensors"))


@pytest.mark.usefixtures("pack")
@pytest.mark.parametrize(
    "changes",
    [
        {"version": 2},
        {"version": None},
        {"network": None},
        {"network": []},
        {"network": {}},
        {"network": {"type": "TinyNet", "class_num": "many"}},
        {"network": {"type": "TinyNet", "class_num": -3}},
        {"network": {"type": "TinyNet", "depth": 3}},
        {"network": {"type": "TinyNet", "widths": [9, 9, 9]}},
        {"plan": {}},
        {"plan": []},
        {"plan": {"version": 9}},
        {"plan": {"version": 1, "signature": "x", "groups": [{"group": 0, "units": 8, "keep": [99]}]}},
        {"plan": {"version": 1, "signature": "x", "groups": ["a"]}},
        {"inputs": None},
        {"inputs": "an image"},
        {"inputs": {"shape": [1, 1, 8, 8], "dtype": "no such type"}},
        {"inputs": {"shape": [1, 1, 8, 8], "dtype": "object"}},
        {"inputs": {"shape": [1, -1], "dtype": "float32"}},
        {"inputs": {"shape": [1, 3, 8, 8], "dtype": "float32"}},
        {"inputs": {"tuple": 5}},
        {"frozen": [[999, "no such layer"]]},
        {"frozen": 7},
        {"frozen": [[1]]},
        {"ignore": 5},
        {"layers": 5},
        {"imports": 5},
        {"backend": "no such backend"},
        {"weights": 5},
    ],
    ids=str,
)
def test_a_description_that_is_none(saved: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(prunekit.registry.PrunekitError) as caught:
        load(_edit(saved, **changes))
    assert str(caught.value)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"7", b"null", b"\xff\xfe", b'{"version": 1}', b"[" * 10000])
def test_a_file_that_is_no_description(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "desc_0.json"
    path.write_bytes(content)
    with pytest.raises(DescriptionError, match=r"desc_0\.json is not the description of a network"):
        load(path)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(DescriptionError, match=r"gone\.json cannot be read: No such file"):
        load(tmp_path / "gone.json")
    with pytest.raises(DescriptionError, match="cannot be read: Is a directory"):
        load(tmp_path)


def test_an_unknown_device(saved: Path) -> None:
    with pytest.raises(prunekit.registry.PrunekitError):
        load(saved, device="TPU")


def test_arguments_are_what_the_constructor_wants() -> None:
    class Net:
        def __init__(
            self, widths: tuple[int, ...], where: Path = Path("."), size: tuple[int, int] | None = None,
            odd: int = None, free=(1, 2), **rest: Any,  # noqa: RUF013
        ) -> None: ...  # fmt: skip

    given = {"widths": [1, 2], "where": "there", "size": [3, 4], "odd": None, "free": [5], "other": [6]}
    found = arguments(Net, given)
    assert found == {"widths": (1, 2), "where": Path("there"), "size": (3, 4), "free": [5], "other": [6]}
    with pytest.raises(DescriptionError, match="Net needs widths"):
        arguments(Net, {})
    with pytest.raises(DescriptionError, match=r"Net cannot be made .* widths"):
        arguments(Net, {"widths": "wide"})


def test_a_description_survives_the_disk(tmp_path: Path) -> None:
    inputs = {
        "image": arrays_of({"shape": [1, 3], "dtype": "float32"}),
        "more": ([arrays_of({"shape": [], "dtype": "int64"})],),
    }
    made = Description(
        "Net", {"a": [1, None]}, "pytorch", spec_of(inputs), "w.safetensors", imports=("m",), frozen=((1, "x"),),
        leaf_modules={"Norm": "normalization"},
    )  # fmt: skip
    (tmp_path / "d.json").write_text(json.dumps(made.to_json()))
    assert Description.read(tmp_path / "d.json") == made
    again = arrays_of(made.inputs, samples=5)
    assert again["image"].shape == (5, 3) and again["image"].dtype == "float32"
    assert isinstance(again["more"], tuple) and isinstance(again["more"][0], list) and len(again["more"][0]) == 5


def test_whole_numbers_are_described_with_their_bounds() -> None:
    inputs = (np.array([[3, 7, 5]]), np.array([[True, True]]), np.array([16]), np.zeros((1, 2), np.float32))
    ids, mask, length, plain = arrays_of(spec_of(inputs), samples=40)
    assert ids.shape == (40, 3) and set(ids.ravel()) == {3, 4, 5, 6, 7} and ids.dtype == np.int64
    assert mask.all() and mask.dtype == bool and set(length) == {16} and plain.shape == (40, 2)
    assert np.array_equal(arrays_of({"shape": [2], "dtype": "int32"}), np.zeros(2))  # of older descriptions


def test_what_is_no_sample_is_not_repeated() -> None:
    """A network that takes 8 frames for one sample, and one of whose inputs has no samples at all."""
    frames, points = arrays_of(spec_of((np.zeros((8, 3)), np.zeros((5, 2)))), samples=3)
    assert frames.shape == (24, 3) and points.shape == (5, 2)
    images = arrays_of(spec_of([np.zeros((3, 4)), np.zeros((3, 5))]), samples=2)
    assert [image.shape for image in images] == [(3, 4), (3, 5), (3, 4), (3, 5)]


def test_params_are_json_whatever_the_yml_makes_of_them(
    cli: Callable[..., int], tiny: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Paths and pydantic models among a network's parameters come back as what its constructor wants."""
    (tmp_path / "richpack.py").write_text(
        "from pathlib import Path\nfrom pydantic import BaseModel\nfrom tinypack import TinyNet\n"
        "from prunekit.registry import Register, RegisterType\n"
        "class Shape(BaseModel):\n    first: int = 4\n"
        "@Register.register(RegisterType.NETWORK)\n"
        "class RichNet(TinyNet):\n"
        "    def __init__(self, file: Path, shape: Shape = Shape(), rest: tuple[int, ...] = (6, 6)) -> None:\n"
        "        assert isinstance(file, Path) and isinstance(shape, Shape) and isinstance(rest, tuple)\n"
        "        super().__init__(widths=(shape.first, *rest))\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    text = tiny.replace("{type: TinyNet}", "{type: RichNet, file: tiny.yml, shape: {first: 5}}")
    (tmp_path / "tiny.yml").write_text(
        text.replace("[pretrain, nas, fully_train]", "[pretrain]").partition("nas:\n")[0]
        + f"general: {{backend: {BACKEND}}}\n"
    )
    assert cli("tiny.yml", "--import", "richpack", "-t", "t") == 0
    desc = tmp_path / "tasks/t/output/pretrain/desc_0.json"
    params = {"type": "RichNet", "file": "tiny.yml", "shape": {"first": 5}, "rest": [6, 6]}
    assert json.loads(desc.read_text())["network"] == params
    assert load(desc).features[0].out_channels == 5
    assert Register.entry(RegisterType.NETWORK, "RichNet").backend == BACKEND


@pytest.mark.usefixtures("cli")
def test_what_the_advice_names_can_be_pasted(saved: Path) -> None:
    """A description may be anybody's; the module's name in it is one word on one line."""
    with pytest.raises(DescriptionError) as caught:
        load(_edit(saved, imports=["a; rm -rf b"]))
    assert str(caught.value).endswith("on the command line --import 'a; rm -rf b'.")
    with pytest.raises(DescriptionError, match=r"imports\.0: .* must be a name without control characters"):
        load(_edit(saved, imports=["a\x1b[2J\n"]))
