"""Weights between networks and files."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from prunekit.core.data.example_input_files import read_inputs
from prunekit.core.testing.conformance.structures import STRUCTURES
from prunekit.core.testing.conformance.subject import Subject, promise, same
from prunekit.core.weights import load_own, read_weights
from prunekit.registry import PrunekitError


def weights_survive_a_file(subject: Subject) -> None:
    """``save``, ``read_weights`` and ``load``: another network of the class becomes the first one, bit for bit."""
    backend = subject.backend
    with TemporaryDirectory() as folder:
        for structure in STRUCTURES:
            network = subject.network(structure)
            for suffix in (".safetensors", *backend.weight_suffixes):
                path, other = Path(folder) / f"{structure}{suffix}", subject.network(structure, seed=1)
                with subject.left_alone(network, f"{structure}: save"):
                    backend.save(network, path)
                load_own(backend, other, path)
                same(subject.state(other), subject.state(network), f"{structure}: loaded from a {suffix} file")
                found = {name: array.shape for name, array in read_weights(path, backend).items()}
                promise(found == backend.weight_shapes(network), f"{structure}: weight_shapes is not what save wrote")


def weights_that_do_not_fit_are_refused(subject: Subject) -> None:
    """``load``: all arrays or none, and an error that is for the user."""
    for structure in STRUCTURES:
        network = subject.network(structure)
        weight = subject.graph(network, structure).layers[0].weight
        arrays = subject.state(subject.network(structure, seed=1))
        shapes = subject.backend.weight_shapes(network)
        arrays |= {name: np.zeros(shape, subject.dtype) for name, shape in shapes.items() if name not in arrays}
        wrong = {
            "without one array": {name: array for name, array in arrays.items() if name != weight},
            "with one too many": {**arrays, "nobody.weight": np.zeros(3)},
            "with one of another shape": {**arrays, weight: arrays[weight][1:]},
            "with one of fewer axes": {**arrays, weight: arrays[weight].reshape(-1)},
        }
        for what, given in wrong.items():
            with subject.left_alone(network, f"{structure}: load {what}"):
                refused = _refuses(subject.backend.load, network, given)
                promise(refused, f"{structure}: load accepts weights {what}, or raises no PrunekitError")


def no_file_is_unpickled(subject: Subject) -> None:
    """``read_weights`` and ``read_inputs`` run nothing of what a file holds, and say that they refuse it."""
    backend = subject.backend
    with TemporaryDirectory() as folder:
        ran = Path(folder) / "ran"
        common, others = (".npz", ".safetensors", *backend.weight_suffixes), (".pkl", ".pt", ".pth", ".ckpt")
        reads: dict[str, tuple[Callable[[Path], Any], tuple[str, ...]]] = {
            "read_weights": (partial(read_weights, backend=backend), common),
            "read_inputs": (partial(read_inputs, framework=backend.read_inputs), (*common, *others)),
        }
        for verb, (read, suffixes) in reads.items():
            for suffix in suffixes:
                path = Path(folder) / f"harmful{suffix}"
                path.write_bytes(pickle.dumps({"a.weight": _Harmful(ran)}))
                refused = _refuses(read, path)
                promise(not ran.exists(), f"{verb} ran what a pickle under {suffix} holds")
                promise(refused, f"{verb} accepts a pickle under {suffix}, or raises no PrunekitError")


class _Harmful:
    """When it is unpickled it makes a file, where it could do anything."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self._path,)


def _refuses(act: Callable[..., Any], *given: Any) -> bool:
    try:
        act(*given)
    except PrunekitError:
        return True
    except Exception:  # a user should not see this one
        return False
    return False
