"""The zoos: which models there are, how one is built with random weights, what it is called and trained with."""

from __future__ import annotations

import functools
import json
import math
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from prunekit.model_zoo.zoos.library_import import library

SECTIONS = ("classification", "segmentation", "detection", "video", "optical_flow")
CLASSES = {"classification": 1000, "segmentation": 21, "detection": 91, "video": 400, "optical_flow": 0}
PREDICTORS = r"(cls_logits|bbox_(pred|reg|ctrness)|cls_score|kps_score_lowres|mask_fcn_logits|head\.\w+\.module_list)"
"""What the last layers of torchvision's detectors are called; they give classes, boxes, key points and masks."""

DETECTORS = {
    "rcnn": {"box_score_thresh": 0.0, "rpn_post_nms_top_n_test": 100, "box_detections_per_img": 10},
    "": {"score_thresh": 0.0, "topk_candidates": 20, "detections_per_img": 10},
}
"""With random weights no score reaches a detector's own threshold: its outputs would be empty and prove nothing."""

UNSCALED = {"min_size": 320, "max_size": 320}  # what is not an SSD enlarges its images to 800 otherwise

IMAGE_SIZES = {"inception_v3": 299}
CLIP_SIZES = {"mvit": 224, "s3d": 224}  # sizes that position embeddings and the last pooling hold; others take 112
LARGEST = 256
"""A larger side is only used where the network asks for it."""


@dataclass(frozen=True)
class Model:
    """One model of a zoo.

    Attributes:
        zoo: ``torchvision`` or ``timm``.
        name: As the zoo calls it.
        section: The part of torchvision's zoo, or the file of ``timm.models``.
        params: Numbers in all parameters.
    """

    zoo: str
    name: str
    section: str
    params: int

    @property
    def key(self) -> str:
        """The name among all zoos."""
        return f"{self.zoo}:{self.name}"


def torchvision_models() -> list[Model]:
    """All of classification, segmentation, detection, video and optical flow; quantized ones are not pruned."""
    models = library("torchvision").models
    found = []
    for section in SECTIONS:
        module = models if section == "classification" else getattr(models, section)
        for name in models.list_models(module):
            weights = max(models.get_model_weights(name), key=lambda w: w.meta["num_params"])
            found.append(Model("torchvision", name, section, weights.meta["num_params"]))
    return found


def timm_models(cache: Path) -> list[Model]:
    """The smallest model of each family of timm.

    Args:
        cache: Folder in which the models' sizes are kept, for counting them takes minutes.
    """
    timm = library("timm")
    families: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name in timm.list_models():
        families[timm.models._registry._model_to_module[name], family(name)].append(name)
    file = cache / f"timm_{timm.__version__}_sizes.json"
    sizes: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}
    missing = [name for names in families.values() for name in names if name not in sizes]
    if missing:
        sizes |= {name: parameters(name) for name in missing}
        cache.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(sizes, indent=0, sort_keys=True))
    smallest = {key: min(names, key=lambda name: (sizes[name], name)) for key, names in families.items()}
    return [Model("timm", name, module, sizes[name]) for (module, _), name in smallest.items()]


def family(name: str) -> str:
    """The leading word of a model's name."""
    return str(re.match("[a-z]+", name)[0])  # type: ignore[index]


def parameters(name: str) -> int:
    """Numbers in all parameters of a model of timm, without memory for them."""
    with torch.device("meta"):
        network = library("timm").create_model(name, pretrained=False)
    return sum(parameter.numel() for parameter in network.parameters())


def build(model: Model) -> nn.Module:
    """The network with random weights, the same each time, in evaluation mode."""
    torch.manual_seed(0)
    if model.zoo == "timm":
        return library("timm").create_model(model.name, pretrained=False).eval()  # type: ignore[no-any-return]
    models, options = library("torchvision").models, dict[str, Any](weights=None)
    if "weights_backbone" in models.get_model_builder(model.name).__annotations__:
        options["weights_backbone"] = None
    if model.name in ("googlenet", "inception_v3"):
        options |= {"init_weights": False, "aux_logits": True}  # its own initialisation takes a minute
    if model.name.startswith(("deeplab", "fcn")):
        options["aux_loss"] = True  # as the published weights have it
    if model.section == "detection":
        options |= DETECTORS["rcnn" if "rcnn" in model.name else ""]
        options |= {} if model.name.startswith("ssd") else UNSCALED
    return models.get_model(model.name, **options).eval()  # type: ignore[no-any-return]


def example(model: Model, network: nn.Module, batch: int = 1, dtype: torch.dtype = torch.float32) -> Any:
    """What the network is called with, by prunekit's data contract: the same random values each time."""
    random = functools.partial(torch.rand, generator=torch.Generator().manual_seed(1), dtype=dtype)
    if model.section == "detection":
        return [random(3, 320, 320) for _ in range(batch)]
    if model.section == "optical_flow":
        return random(batch, 3, 128, 128), random(batch, 3, 128, 128)
    if model.section == "video":
        size = next((size for name, size in CLIP_SIZES.items() if model.name.startswith(name)), 112)
        return random(batch, 3, 16, size, size)
    if model.zoo == "torchvision":
        return random(batch, 3, *2 * (IMAGE_SIZES.get(model.name, 224),))
    config: Any = network.pretrained_cfg
    channels, *sides = config["input_size"]
    if not config.get("fixed_input_size") and max(sides) > LARGEST:
        sides = [224, 224]
    return random(batch, channels, *sides)


def positional(inputs: Any) -> tuple[Any, ...]:
    """The arguments of a call, from what `example` gives."""
    return inputs if isinstance(inputs, tuple) else (inputs,)


def targets(images: list[Tensor]) -> list[dict[str, Tensor]]:
    """What detectors train on: one object in each image, with whatever any of them asks for."""
    found = []
    for image in images:
        mask = torch.zeros(1, *image.shape[1:], dtype=torch.uint8)
        mask[:, 40:200, 50:180] = 1
        points = torch.stack([torch.linspace(60, 170, 17), torch.linspace(50, 190, 17), torch.ones(17)], 1)[None]
        box, label = torch.tensor([[50.0, 40.0, 180.0, 200.0]]), torch.ones(1, dtype=torch.int64)
        found.append({"boxes": box, "labels": label, "masks": mask, "keypoints": points})
    return found


def last_layers(model: Model, network: nn.Module) -> Iterable[nn.Module]:
    """Layers whose outputs are the network's: as many as there are classes, or a detector's predictors."""
    classes = CLASSES[model.section] if model.zoo == "torchvision" else getattr(network, "num_classes", 0)
    for name, module in network.named_modules():
        outputs = getattr(module, "out_features", getattr(module, "out_channels", math.nan))
        if outputs == classes or (model.section == "detection" and re.search(PREDICTORS, name)):
            yield module
