"""Finds a network's channel graph: records a forward, follows the channels, verifies the result by values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

import numpy as np

from prunekit.core.backend import Backend, Network
from prunekit.core.cost import CostModel
from prunekit.core.data.contract import Inputs
from prunekit.core.graph import ChannelStructure, OperatorGraph, channel_structure
from prunekit.core.graph.outputs import with_outputs
from prunekit.core.parsing.channel_graph import ChannelGraph
from prunekit.core.parsing.proof import proven

LEAF_KINDS = ("convolution", "normalization")
"""What a leaf module can be as a whole."""


def parse(
    backend: Backend,
    network: Network,
    inputs: Inputs,
    ignore: Iterable[str] = (),
    seed: int = 0,
    proof: bool = True,
    leaf_modules: Mapping[str, str] | None = None,
    whole_parts: Iterable[str] = (),
    outputs: Iterable[str | int] | None = None,
) -> ChannelGraph:
    """Find a network's channel graph and verify it.

    A random part of every group is removed. What fails or computes other values is narrowed down to its groups, which
    are protected, with the reason.

    Args:
        backend: The network's framework.
        network: The network.
        inputs: What it is called with.
        ignore: Modules whose outputs are kept.
        seed: Of what the verification removes.
        proof: Whether to verify it.
        leaf_modules: As for ``Backend.record``.
        whole_parts: Patterns of names of modules, or of choices (``blocks.*.attn#0``): where their code splits an axis
            into parts, whole parts go (heads), not positions within every part (their width).
        outputs: Paths of the outputs that matter (``0``, ``logits``, ``aux.0``); the others keep no channels and are
            not compared. None means all.

    Raises:
        OutputError: The network has no such output.
        ValueError: A leaf module is said to be something else, or a module in ``ignore`` does not exist.
    """
    _check_leaf_modules(leaf_modules or {})
    operators, ignore = backend.record(network, inputs, leaf_modules), list(ignore)
    operators = operators if outputs is None else with_outputs(operators, outputs)
    found = structure(operators, ignore, list(whole_parts))
    if proof and found.groups:
        found = proven(backend, network, inputs, found, seed)
    return ChannelGraph.of(found)


def _check_leaf_modules(leaf_modules: Mapping[str, str]) -> None:
    for name, kind in leaf_modules.items():
        if kind not in LEAF_KINDS:
            raise ValueError(f"leaf_modules: {name} is {kind!r}; say {' or '.join(LEAF_KINDS)}")


def structure(operators: OperatorGraph, ignore: Sequence[str], patterns: Sequence[str]) -> ChannelStructure:
    """The structure where the choices that the patterns name are made for whole parts.

    Where positions within parts cannot go, whole parts may still: that is tried once, and kept if more can go.
    """
    found = channel_structure(operators, ignore)
    names = [choice.name for choice in found.choices]
    wanted = {name for name in names if any(_names(pattern, name) for pattern in patterns)}
    if wanted:
        found = channel_structure(operators, ignore, (), wanted)
    for pattern in patterns:
        if not any(_names(pattern, name) for name in names):
            split = ", ".join(dict.fromkeys(name.rpartition("#")[0] or "the network" for name in names)) or "no module"
            operators.notes.append(f"whole_parts: {pattern!r} names no code that splits channels; that is in {split}")
    found.notes = list(operators.notes)
    stuck = {choice.name for choice in found.choices if not choice.whole and not choice.groups}
    if not stuck:
        return found
    other = channel_structure(operators, ignore, (), wanted | stuck)
    return other if _least(other) < _least(found) else found


def _names(pattern: str, choice: str) -> bool:
    return fnmatchcase(choice, pattern) or fnmatchcase(choice.rpartition("#")[0], pattern)


def _least(found: ChannelStructure) -> float:
    """The cost that remains with one unit in every group."""
    return CostModel(found).estimate(np.ones(len(found.groups), dtype=np.int64)).macs
