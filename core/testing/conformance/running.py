"""Networks in use: batches through them, statistics from them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prunekit.core.data.contract import Batch, DataError
from prunekit.core.data.difference import relative_difference
from prunekit.core.graph import ChannelStructure
from prunekit.core.graph.attributes import Normalization
from prunekit.core.pruning.covariance_shrinkage import PER_IMAGE
from prunekit.core.testing.conformance.structures import STRUCTURES
from prunekit.core.testing.conformance.subject import Arrays, Subject, promise, same
from prunekit.core.testing.fake_framework import convolve
from prunekit.core.testing.plans import random_plan


def run_follows_the_data_contract(subject: Subject) -> None:
    """``run``: NumPy arrays that stay as they are, targets as they came, batch after batch, by place or by name."""
    network, target, taken = subject.network("plain"), object(), list[Any]()
    first, second = subject.inputs("plain", 2, 0), subject.inputs("plain", 3, 1)

    def batches() -> Iterator[Batch]:
        for inputs in (first, second, (first,), {"x": first}):
            taken.append(inputs)
            yield inputs, target

    found, kept = list[NDArray[Any]](), list[NDArray[Any]]()
    for outputs, passed in subject.backend.run(network, batches()):
        promise(passed is target, "the target that run returns is not the one that came with the batch")
        promise(isinstance(outputs, np.ndarray), f"run returns a {type(outputs).__name__} instead of a NumPy array")
        promise(outputs.dtype == subject.dtype, f"run returns {outputs.dtype} from a network in {subject.dtype}")
        found.append(outputs)
        kept.append(outputs.copy())
        promise(len(taken) <= len(found) + 1, "run takes all batches before it returns the first one's outputs")
    promise(len(found) == len(taken) == 4, f"run took {len(taken)} and returned {len(found)} batches of 4")
    for before, after in zip(kept, found, strict=True):
        same({"they": after}, {"they": before}, "run changed outputs that it had returned before")
    for outputs, given in ((found[2], "tuple"), (found[3], "dict")):
        same({"outputs": outputs}, {"outputs": found[0]}, f"run with the array in a {given}")
    same({"they": first}, {"they": subject.inputs("plain", 2, 0)}, "run changed its inputs")


def run_evaluates(subject: Subject) -> None:
    """``run``: evaluation mode, the same bits each time, and the network as it was, its mode too."""
    for structure in STRUCTURES:
        network, inputs = subject.network(structure), subject.inputs(structure)
        (wanted,) = subject.outputs(network, inputs)
        subject.train(network)
        with subject.left_alone(network, f"{structure}: run"):
            (got,) = subject.outputs(network, inputs)
        same({"outputs": got}, {"outputs": wanted}, f"{structure}: run on a network in training mode")


def run_decodes_when_it_is_asked(subject: Subject) -> None:
    """``run(decoded=True)``: what the network's own ``decode`` makes of its outputs, in evaluation mode."""
    network, inputs = subject.network("plain"), subject.inputs("plain")
    ((plain, _),) = subject.backend.run(network, [(inputs, 0)], decoded=True)  # it has none: nothing is changed
    modes = list[bool]()

    def decode(outputs: Any) -> Any:
        modes.append(subject.training(network))
        return [{"first": outputs, "second": outputs + outputs}]

    network.decode = decode
    subject.train(network)
    ((raw, _),) = subject.backend.run(network, [(inputs, 0)])
    promise(not modes, "run calls the network's decode, which was not asked for")
    same({"outputs": raw}, {"outputs": plain}, "run of a network that has a decode")
    ((found, _),) = subject.backend.run(network, [(inputs, 0)], decoded=True)
    promise(modes == [False], "run(decoded=True) does not call the network's decode once, in evaluation mode")
    arrays = {name: np.asarray(array) for name, array in found[0].items()}
    same(arrays, {"first": raw, "second": raw + raw}, "run(decoded=True): what decode returned")


def train_once_trains(subject: Subject) -> None:
    """``train_once``: a forward in training mode, so statistics move; of pruned networks and of one sample too."""
    for structure in STRUCTURES:
        network = subject.network(structure)
        graph = subject.graph(network, structure)
        small = subject.backend.prune(network, graph, random_plan(graph, np.random.default_rng(0)))
        for batch in (1, 2):
            before = subject.state(small)
            subject.backend.train_once(small, subject.inputs(structure, batch))
            moved, norms = _changed(subject.state(small), before), "norm" in STRUCTURES[structure].words
            promise(bool(moved) or not norms, f"{structure}: no statistic moved, so it did not run in training mode")
            weights = moved & graph.operators.parameter_shapes.keys()
            promise(not weights, f"{structure}: train_once changed {', '.join(sorted(weights))}")


def moments_are_those_of_what_layers_read(subject: Subject) -> None:
    """``observe``: mean products, over images and positions, of what each layer reads and a constant 1."""
    subject.needs("observe")
    for structure in STRUCTURES:
        network = subject.network(structure)
        graph, x = subject.graph(network, structure), subject.inputs(structure, batch=4)
        subject.train(network)
        with subject.left_alone(network, f"{structure}: observe"):
            moments = subject.backend.observe(network, graph, [(x[:3], np.zeros(3)), (x[3:], np.zeros(1))])
        readers = {reader.weight: reader for reader in graph.readers if (reader.units >= 0).any()}
        for found, what in ((moments.matrices, "matrices"), (moments.samples, "samples")):
            promise(found.keys() == readers.keys(), f"{structure}: {what} of {sorted(found)}, not {sorted(readers)}")
        for name, reader in readers.items():
            matrix, size = moments.matrices[name], len(reader.units) + 1
            told = f"{structure}: the moments of {name}"
            promise(matrix.dtype == np.float64, f"{told} are {matrix.dtype} instead of float64")
            shape = (reader.groups, size, size)
            promise(matrix.shape == shape, f"{told} have shape {matrix.shape} instead of {shape}")
            promise(bool(np.allclose(matrix[:, -1, -1], 1)), f"{told} do not end with the constant 1")
            samples = moments.samples[name]
            promise(0 < samples <= PER_IMAGE * len(x), f"{told} count as {samples} samples of {len(x)} images")
        if (read := _read(structure, graph, subject.state(network), x)) is not None:
            reader = next(reader for reader in graph.readers if reader.mid == read[0])
            wanted = _moments(read[1], reader.groups, len(reader.units))
            error = relative_difference(moments.matrices[reader.weight], wanted)
            promise(error <= subject.tolerance, f"{structure}: the moments of {reader.weight} are wrong by {error:.2g}")


def recalibrated_statistics_are_averages(subject: Subject) -> None:
    """``recalibrate``: a copy whose statistics are the plain average of the batches', and nothing else is changed."""
    subject.needs("recalibrate")
    network, x = subject.network("plain"), [subject.inputs("plain", 2, 0), 3 * subject.inputs("plain", 2, 1)]
    graph, before = subject.graph(network, "plain"), subject.state(network)
    with subject.left_alone(network, "recalibrate"):
        after = subject.state(subject.backend.recalibrate(network, [(part, 0) for part in x]))
    moved = _changed(after, before)
    weights = moved & graph.operators.parameter_shapes.keys()
    promise(not weights, f"recalibrate changed {', '.join(sorted(weights))}")
    tensors = graph.operators.tensors
    norms = [(o.inputs, o.attributes) for o in graph.operators.operators if isinstance(o.attributes, Normalization)]
    inputs, norm = norms[0]
    mean = (None if norm.mean is None else tensors[norm.mean].name) or ""
    others = [tensors[t].name for t in inputs if tensors[t].name in moved - {mean}]
    promise(len(others) == 1 and mean in moved, f"recalibrate changed {sorted(moved)}, not one mean and one variance")
    maps = [convolve(part, before[graph.layers[0].weight]) for part in x]
    means = np.mean([part.mean((0, 2, 3)) for part in maps], axis=0)
    error = relative_difference(after[mean], means)
    promise(error <= subject.tolerance, f"{mean} differs by {error:.2g} from the average of the batches' means")
    errors = []
    for correction in (0, 1):  # frameworks differ
        variances = np.mean([part.var((0, 2, 3), ddof=correction) for part in maps], axis=0)
        errors.append(relative_difference(after[others[0] or ""], variances))
    promise(min(errors) <= subject.tolerance, f"{others[0]} differs by {min(errors):.2g} from the average variance")
    try:
        subject.backend.recalibrate(network, [])
    except DataError:
        return
    promise(False, "recalibrate without a batch raises no DataError")


def double_precision_is_a_copy(subject: Subject) -> None:
    """``to_float64``: a copy of the same values that computes in float64."""
    subject.needs("float64")
    for structure in STRUCTURES:
        network, inputs = subject.network(structure), subject.inputs(structure).astype(np.float64)
        before = subject.state(network)
        with subject.left_alone(network, f"{structure}: to_float64"):
            precise = subject.backend.to_float64(network)
        wanted = {n: a.astype(np.float64) if a.dtype.kind == "f" else a for n, a in before.items()}
        same(subject.state(precise), wanted, f"{structure}: in double precision")
        (outputs,) = subject.outputs(precise, inputs)
        promise(outputs.dtype == np.float64, f"{structure}: in double precision it returns {outputs.dtype}")


def _changed(after: Arrays, before: Arrays) -> set[str]:
    return {name for name, array in before.items() if not np.array_equal(after[name], array)}


def _read(structure: str, graph: ChannelStructure, state: Arrays, x: NDArray[Any]) -> tuple[int, NDArray[Any]] | None:
    """The mid of a layer and what it reads, computed here, where convolutions and relus alone stand before it."""
    first = {"concat": 2, "grouped": 1, "flatten": 1}.get(structure)
    if first is None:
        return None
    ways = [np.maximum(convolve(x, state[layer.weight]), 0) for layer in graph.layers[:first]]
    return first, np.concatenate(ways, axis=1)


def _moments(x: NDArray[Any], groups: int, channels: int) -> NDArray[Any]:
    rows = np.moveaxis(x.reshape(len(x), groups, channels, -1), 0, 2).reshape(groups, channels, -1).astype(np.float64)
    rows = np.concatenate([rows, np.ones_like(rows[:, :1])], axis=1)
    found: NDArray[Any] = rows @ rows.swapaxes(1, 2) / rows.shape[2]
    return found
