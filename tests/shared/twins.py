"""What the networks of two frameworks have to have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from prunekit.core.weights import load_weights
from prunekit.plugins.backends.mindspore.backend import MindsporeBackend
from prunekit.plugins.backends.pytorch.backend import PytorchBackend

MS, PT = MindsporeBackend(), PytorchBackend()


def lively(names: dict[str, tuple[int, ...]]) -> dict[str, NDArray[np.float32]]:
    """Weights that are far from what an initialisation gives, and that let values neither vanish nor explode."""
    rng, found = np.random.default_rng(0), {}
    for name, shape in names.items():
        array = rng.normal(0, 1, shape)
        if name.endswith("running_var"):
            array = np.abs(array) + 0.5
        elif len(shape) > 1:
            array = array * (2 / np.prod(shape[1:])) ** 0.5
        else:
            array = 0.1 * array + name.endswith("weight")
        found[name] = array.astype(np.float32)
    return found


def pair(twins: tuple[type[Any], type[Any]], params: dict[str, Any], folder: Path) -> tuple[Any, Any, str | None]:
    """A MindSpore network and its PyTorch twin with the same weights, and what was said of their names."""
    ours, theirs = MS.build(twins[0], params, 0), PT.build(twins[1], params, 0)
    shapes = {name: shape for name, shape in PT.weight_shapes(theirs).items() if not name.endswith("_tracked")}
    PT.load(theirs, lively(shapes))
    PT.save(theirs, folder / "w.safetensors")
    return ours, theirs, load_weights(MS, ours, folder / "w.safetensors")


def outputs(network: Any, inputs: NDArray[Any]) -> NDArray[Any]:
    """In evaluation mode, whichever framework the network is of."""
    backend: Any = PT if isinstance(network, torch.nn.Module) else MS
    found: NDArray[Any] = next(iter(backend.run(network, [(inputs, None)])))[0]
    return found


def difference(ours: Any, theirs: Any, size: tuple[int, int], channels: int = 3) -> float:
    """The largest, relative to the largest output."""
    inputs = np.random.default_rng(1).normal(0, 1, (2, channels, *size)).astype(np.float32)
    one, other = outputs(ours, inputs), outputs(theirs, inputs)
    return float(np.abs(one - other).max() / np.abs(other).max())


def trained_in_order(network: Any) -> list[str]:
    """The network's weights by the names that all of its namings share, in their order; statistics left out."""
    backend: Any = PT if isinstance(network, torch.nn.Module) else MS
    naming = type(network).namings[0 if backend is PT else 1]
    names = [naming.common(name) for name in backend.weight_shapes(network)]
    return [name for name in names if name.rpartition(".")[2] in ("weight", "bias")]
