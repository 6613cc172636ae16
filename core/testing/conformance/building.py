"""Networks as they are made: seeded, in evaluation mode, with their values in the caller's hands."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from prunekit.core.testing.conformance.structures import STRUCTURES
from prunekit.core.testing.conformance.subject import Subject, promise, same
from prunekit.core.testing.plans import random_plan


def build_is_seeded(subject: Subject) -> None:
    """``build``: the same seed gives the same weights, bit for bit, another one others; ``params`` arrive."""
    backend = subject.backend
    for structure, network in subject.networks.items():
        one, again, other = (subject.state(backend.build(network, {}, seed)) for seed in (0, 0, 1))
        same(again, one, f"{structure}: built again from the same seed")
        differs = any(not np.array_equal(one[name], other[name]) for name in one)
        promise(differs, f"{structure}: another seed gives the same weights")
        (out,) = subject.outputs(backend.build(network, {"classes": 7}, 0), subject.inputs(structure))
        promise(out.shape == (2, 7), f"{structure}: built for 7 classes, it returns {out.shape}, not (2, 7)")


def build_leaves_randomness_alone(subject: Subject) -> None:
    """``build`` and ``train_once`` take nothing from the process's random numbers and set no seed."""

    def states() -> dict[str, Any]:
        numpy = np.random.get_state(legacy=False)["state"]
        own = {"NumPy's": (numpy["key"].tobytes(), numpy["pos"]), "the framework's": subject.random_state()}
        return {"Python's": random.getstate(), **own}

    before = states()
    network = subject.backend.build(subject.networks["plain"], {}, 5)
    subject.backend.train_once(network, subject.inputs("plain"))
    for whose, state in states().items():
        promise(state == before[whose], f"building a network and training it once changed {whose} random numbers")


def networks_are_in_evaluation_mode(subject: Subject) -> None:
    """``build``, ``prune`` and ``recalibrate`` return networks in evaluation mode, whatever mode theirs was in."""
    backend, inputs = subject.backend, subject.inputs("plain")
    network = backend.build(subject.networks["plain"], {}, 0)
    promise(not subject.training(network), "build returned a network in training mode")
    graph = subject.graph(network, "plain")
    subject.train(network)
    promise(subject.training(network), "the subject's train and training do not agree")
    small = backend.prune(network, graph, random_plan(graph, np.random.default_rng(0)))
    promise(not subject.training(small), "prune returned a network in training mode")
    if "recalibrate" in backend.supports:
        again = backend.recalibrate(network, [(inputs, 0)])
        promise(not subject.training(again), "recalibrate returned a network in training mode")


def modules_are_named_by_class(subject: Subject) -> None:
    """``module_classes``: names of the classes of the network and of every module in it."""
    for structure, network in subject.networks.items():
        found = subject.backend.module_classes(subject.network(structure))
        for name in (network.__name__, subject.convolution):
            promise(name in found, f"{structure}: no {name} among the classes of its modules, {sorted(found)}")


def state_is_a_copy(subject: Subject) -> None:
    """``state``: all parameters and buffers, in arrays that are the caller's own."""
    for structure in STRUCTURES:
        network = subject.network(structure)
        shapes = subject.backend.record(network, subject.inputs(structure)).parameter_shapes
        state, before = subject.backend.state_arrays(network), subject.state(network)
        for name, shape in shapes.items():
            promise(name in state and state[name].shape == shape, f"{structure}: state has no {name} of shape {shape}")
        norms = "norm" in STRUCTURES[structure].words
        promise(not norms or len(state) > len(shapes), f"{structure}: state lacks the statistics of its normalizations")
        for array in state.values():
            array.flags.writeable = True
            array[...] = 0
        same(subject.state(network), before, f"{structure}: writing into the arrays of state changed the network")


def unsound_weights_are_named(subject: Subject) -> None:
    """``unsound_weights``: none of a sound network; a parameter with NaN or an infinity by its name."""
    for structure in subject.networks:
        network = subject.network(structure)
        found = subject.backend.unsound_weights(network)
        promise(not found, f"{structure}: unsound_weights names {list(found)} of a sound network")
        weight = subject.graph(network, structure).layers[0].weight
        for value in (np.nan, np.inf):
            array = subject.state(network)[weight]
            array.flat[-1] = value
            found = subject.backend.unsound_weights(subject.backend.with_state(network, {weight: array}))
            promise(list(found) == [weight], f"{structure}: {value} in {weight}: unsound_weights names {list(found)}")


def with_state_makes_a_copy(subject: Subject) -> None:
    """``with_state``: a copy in which what is named is replaced, bit for bit, and nothing else."""
    for structure in STRUCTURES:
        network, other = subject.network(structure), subject.state(subject.network(structure, seed=1))
        before = subject.state(network)
        for name in before:
            wanted, given = {**before, name: other[name]}, other[name].copy()
            with subject.left_alone(network, f"{structure}: with_state"):
                changed = subject.backend.with_state(network, {name: given})
            given[...] = 0
            same(subject.state(changed), wanted, f"{structure}: the copy with another {name}")


def temporary_parameters_are_restored(subject: Subject) -> None:
    """``temporary_parameters``: other values inside the block, afterwards the old ones, even after an exception."""
    for structure in STRUCTURES:
        network, other = subject.network(structure), subject.state(subject.network(structure, seed=1))
        shapes = subject.backend.record(network, subject.inputs(structure)).parameter_shapes
        values, before = {name: other[name] for name in shapes}, subject.state(network)
        for problem in (None, KeyError("inside the block")):
            try:
                with subject.backend.temporary_parameters(network, values):
                    inside = subject.state(network)
                    same({n: inside[n] for n in values}, values, f"{structure}: inside holding")
                    if problem:
                        raise problem
            except KeyError:
                promise(problem is not None, f"{structure}: holding raised")
            ending = "an exception inside it" if problem else "it"
            same(subject.state(network), before, f"{structure}: holding, after {ending}")
