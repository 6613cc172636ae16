"""Pictures at the end of a run: what the networks of the table find in the same images, beside what is there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from prunekit.core.backend import Network
from prunekit.core.networks import class_indices
from prunekit.core.pipeline.context import RunContext
from prunekit.core.report.prediction_drawing import is_drawable, picture

FOLDER = "predictions"
_IMAGES = 8


def draw_predictions(context: RunContext, networks: Mapping[str, Network]) -> bool:
    """Write ``output/predictions/<number>.png`` for a few images of the last step's test split.

    Only of detectors and segmenters; the images are those at equal distances in the split.

    Args:
        context: The run.
        networks: By the title that they have in the picture.

    Returns:
        Whether there was anything to draw.
    """
    step = context.config.steps[context.config.pipeline[-1]]
    if step.dataset is None:
        return False
    split = step.dataset.test
    dataset = context.data.of(split, "test")
    if getattr(type(dataset), "targets", None) not in ("boxes", "masks"):
        return False
    size = len(dataset)
    chosen = np.unique(np.linspace(0, size - 1, min(_IMAGES, size)).round().astype(int)).tolist()
    batches = list(context.data.batches(split, "test", chosen))
    found = {"truth": [target for _, target in batches]} | {
        name: [class_indices(outputs) for outputs, _ in context.backend.run(network, batches, decoded=True)]
        for name, network in networks.items()
    }
    folder, names = context.folder.output / FOLDER, tuple(getattr(dataset, "class_names", ()))
    folder.mkdir(exist_ok=True)
    drawn, place = False, 0
    for number, (inputs, _) in enumerate(batches):
        for row in range(len(inputs)):
            each = {title: _of_image(parts[number], row) for title, parts in found.items()}
            if all(map(is_drawable, each.values())):
                picture(inputs[row], each, names).save(folder / f"{chosen[place]}.png")
                drawn = True
            place += 1
    return drawn


def _of_image(batch: Any, row: int) -> Any:
    """What belongs to one image of a batch: of a list or an array its row."""
    return batch[row] if isinstance(batch, (list, np.ndarray)) and row < len(batch) else None
