"""What the page of detectors and segmenters says is done, on drawn shapes."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from pages import blocks, commands, named
from PIL import Image, ImageDraw
from voc_folder import Box, write_voc

from prunekit import PrunePlan, prune, trace
from prunekit.core.cost import price
from prunekit.core.metric import measure
from prunekit.model_zoo.zoos.library_import import library
from prunekit.plugins.backends.pytorch.backend import PytorchBackend
from prunekit.plugins.metrics.mean_iou import MeanIoU
from prunekit.plugins.trainers.pytorch.trainer import Trainer
from prunekit.registry import Register, importable

PAGE = "docs/detection.md"
SIDE = 64
Cli = Callable[..., int]


def shapes(rng: np.random.Generator) -> list[Box]:
    """Rectangles that are tall or wide, none over another."""
    found: list[Box] = []
    for x, y in ((16, 16), (48, 16), (16, 48), (48, 48)):
        name, sides = [("tall", (9, 21)), ("wide", (21, 9))][int(rng.integers(2))]
        width, height = (side + int(rng.integers(4)) for side in sides)
        left, top = x - width // 2 + int(rng.integers(-3, 4)), y - height // 2 + int(rng.integers(-3, 4))
        if rng.random() < 0.6:
            found.append((name, left, top, left + width, top + height))
    return found


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """The page's files in an empty folder, with one of images in the place of the placeholder."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    sets = {name: {f"{name}{k}": shapes(rng) for k in range(n)} for name, n in {"train": 40, "test": 10}.items()}
    data = write_voc(tmp_path / "shapes", sets, (SIDE, SIDE))
    found = {name: block.replace("/path/to/shapes", str(data)) for name, block in named(PAGE).items()}
    for name, block in found.items():
        Path(name).write_text(block)
    with Register.isolated():
        yield found
    for name in found:
        sys.modules.pop(Path(name).stem, None)


def test_a_detector_through_the_yml_as_the_page_shows_it(
    cli: Cli, files: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("faster_coco_eval")
    length = {name: len(files[name].splitlines()) for name in ("my_detector.py", "my_detector.yml")}
    assert sum(length.values()) <= 60
    for line in commands(PAGE):
        assert cli(*shlex.split(line)[1:]) == 0, line + capsys.readouterr().err
    original, pruned = json.loads((tmp_path / "tasks/shapes/output/summary.json").read_text())
    assert original["mAP50"] > 0.5 and pruned["mAP50"] > 0.5
    assert pruned["macs"] <= 0.5 * original["macs"]
    assert len(list(tmp_path.glob("tasks/shapes/output/predictions/*.png"))) == 8


def write_masks(folder: Path) -> None:
    """The shapes as two classes in the layout of CamVid, with an edge that does not count."""
    rng = np.random.default_rng(1)
    for name, count in {"train": 24, "test": 6}.items():
        for number in range(count):
            image, mask = Image.new("RGB", (SIDE, SIDE)), Image.new("L", (SIDE, SIDE))
            for _, left, top, right, bottom in shapes(rng):
                ImageDraw.Draw(image).rectangle((left, top, right - 1, bottom - 1), fill="white")
                ImageDraw.Draw(mask).rectangle((left, top, right - 1, bottom - 1), fill=1, outline=255)
            for made, part in ((image, name), (mask, f"{name}annot")):
                (folder / part).mkdir(parents=True, exist_ok=True)
                made.save(folder / part / f"{number}.png")


def test_a_segmenter_through_the_same_yml(
    cli: Cli, files: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_masks(tmp_path / "scenes")
    (loss,) = [block.strip() for block in blocks(PAGE, "yaml") if block.startswith("loss:")]
    yml = files["my_detector.yml"].replace("MyDetector", "MySegmenter").replace("VocDetection", "SegmentationFolders")
    yml = yml.replace(str(tmp_path / "shapes"), str(tmp_path / "scenes")).replace("epochs: 20", "epochs: 6")
    yml = yml.replace("batch_size: 8", "batch_size: 8, classes: [nothing, shape]")
    Path("my.yml").write_text(yml)
    assert cli("my.yml", "--import", "my_segmenter", "-t", "refused") != 0
    assert "a target is 255, but the network has 2 classes" in capsys.readouterr().err
    Path("my.yml").write_text(yml.replace("lr: 0.005},", f"lr: 0.005}}, {loss},"))
    assert cli("my.yml", "--import", "my_segmenter", "-t", "scenes") == 0, capsys.readouterr().err
    original, pruned = json.loads((tmp_path / "tasks/scenes/output/summary.json").read_text())
    assert original["mIoU"] > 0.7 and pruned["mIoU"] > 0.7
    assert len(list(tmp_path.glob("tasks/scenes/output/predictions/*.png"))) == 6


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # those are theirs
def test_a_network_of_segmentation_models_pytorch(files: dict[str, str], tmp_path: Path) -> None:
    """It is pruned to half, trained by the trainer's own loss, judged by its logits, and exported."""
    if not importable("segmentation_models_pytorch"):
        pytest.skip("segmentation_models_pytorch is not installed")
    library("torchvision")  # which it imports, also beside a torch for which torchvision was not built
    module = ModuleType("my_unet")
    exec(files["my_unet.py"], vars(module))
    backend, rng = PytorchBackend(), np.random.default_rng(0)
    network = backend.build(module.MyUnet, {"class_num": 3}, 0)
    images = rng.random((4, 3, 64, 64)).astype(np.float32)
    masks = np.where(images[:, 0] > 0.5, 2, 0).astype(np.int64)
    masks[:, :8] = 255
    graph = trace(network, images[:1])
    assert graph.notes == ["proven by values: a random part of every group removed"]
    plan = PrunePlan.uniform(graph, 0.5)
    assert price(graph, plan).macs <= 0.3 * price(graph).macs
    small: Any = prune(network, graph, plan)
    losses: list[float] = []
    trainer = Trainer(epochs=5, loss={"type": "CrossEntropyLoss", "params": {"ignore_index": 255}})
    trainer.fit(small, lambda _: [(images, masks)] * 2, lambda report: losses.append(report.loss))
    assert losses[-1] < losses[0]
    assert 0 < measure(backend, small, [(images, masks)], MeanIoU()).value <= 1
    if importable("onnx") and importable("onnxruntime"):
        from prunekit.plugins.exporters.onnx_pytorch import OnnxExporter

        assert OnnxExporter().export(small, images[:1], tmp_path / "x.onnx").parity_error <= 1e-4
