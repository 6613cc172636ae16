"""What a network may offer beside its forward: how it is trained, and how its outputs are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np


class TrainedByOwnLoss(Protocol):
    """A network that knows what it is trained for; without it the trainer's ``loss`` is minimized."""

    def loss(self, outputs: Any, target: Any, /) -> Any:
        """The loss of a batch, a number: of what the network returned, and of the dataset's targets on its device."""
        ...


class TrainedInside(Protocol):
    """A network that needs the targets within its forward, such as a detector of two stages.

    Where both are there this is what trains it, and ``loss`` is not asked.
    """

    def losses(self, inputs: Any, target: Any, /) -> Any | Mapping[str, Any]:
        """The loss of a batch, or its parts by name, which are added up; in training mode."""
        ...


class Decoding(Protocol):
    """A network whose outputs have to be made readable before they can be judged.

    Where it stands between, metrics see what it returns. It is called on the network's device, in evaluation alone:
    tracing, proof, compensation, recalibration and export look at the outputs themselves.
    """

    def decode(self, outputs: Any, /) -> Any:
        """What a metric judges.

        Of a detector for each image a dict with ``boxes`` [n, 4] as x1, y1, x2, y2 in pixels of the network's input,
        ``scores`` [n] and ``labels`` [n], best first; of a segmenter class indices [N, H, W]. One whose outputs are
        logits [N, classes, H, W] needs no such method; to have one saves it from handing all of them over.
        """
        ...


def decoding(network: Any) -> Callable[[Any], Any] | None:
    """The network's own ``decode``; None where it has none."""
    decode = getattr(network, "decode", None)
    return decode if callable(decode) else None


def summed(losses: Any) -> Any:
    """The loss that is minimized, of one number or of parts by name."""
    return sum(losses.values()) if isinstance(losses, Mapping) else losses


def class_indices(outputs: Any) -> Any:
    """The class of each pixel, of a segmenter's logits [N, classes, H, W]; anything else is given back as it is."""
    if isinstance(outputs, np.ndarray) and outputs.ndim == 4 and outputs.dtype.kind == "f":
        return outputs.argmax(axis=1)
    return outputs
