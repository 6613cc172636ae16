"""Prunekit's row: parsed with and without the proof, pruned, priced, counted, run and trained for a step."""

from __future__ import annotations

import contextlib
import gc
import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from parsing_job import Limit, Stages, check, macs, parameters, structure
from parsing_zoo import Model, build, example, positional, targets
from torch import Tensor, nn
from torch.utils._pytree import tree_map

from prunekit.core.cost import price
from prunekit.core.data.nested import leaves
from prunekit.core.graph.structure import ChannelStructure, Layer
from prunekit.core.parsing.parse import parse
from prunekit.core.pruning.plan import PrunePlan
from prunekit.core.testing import assert_exact
from prunekit.plugins.backends.pytorch.backend import PytorchBackend
from prunekit.registry.errors import first_line

EXACT = 120e6
"""Networks of more parameters than this are not run in float64."""

BOTH_SIDES = 0.35
"""A layer that keeps less of its weight than this was cut on both sides; a quarter stays, or more of an odd number."""


def ours(model: Model, row: dict[str, Any], stages: Stages, options: dict[str, Any]) -> None:
    """Fill the row.

    Args:
        model: Which.
        row: To be filled.
        stages: Times and limits them.
        options: ``limit`` in CPU seconds, and whether to ``proof``.

    Raises:
        Failure: The pruned network is not what it should be.
    """
    warm_up()
    network = build(model)
    inputs, free = example(model, network), model.section == "detection"
    plain, row["memory"] = _Peak(), {"weights": bytes_of(network)}
    with stages.stage("forward"), torch.no_grad():
        before = structure(network(*positional(inputs)), free)
    row["memory"]["forward"] = plain.bytes()
    for proof in (False, True) if options["proof"] else (False,):
        network = graph = small = None  # each starts with a network that nothing ran
        gc.collect()
        network, peak = build(model), _Peak()
        with stages.stage("parse and prune, proven" if proof else "parse and prune", options["limit"]):
            graph = parse(PytorchBackend(), network, inputs, proof=proof)
            small = PytorchBackend().prune(network, graph, PrunePlan.uniform(graph, 0.5))
        row["memory"]["proven" if proof else "parsed"] = peak.bytes()
        describe(row, graph)
    assert network is not None and graph is not None and small is not None
    with stages.stage("run"):
        ((outputs, _),) = PytorchBackend().run(small, [(inputs, 0)])
    for key, which in (("before", network), ("after", small)):
        row[key] = {"params": parameters(which), "macs": macs(which, positional(inputs))}
    full, half = price(graph), price(graph, PrunePlan.uniform(graph, 0.5))
    row["price"] = {"before": full.macs, "after": half.macs}
    row["where"] = where(graph, network, small, row["before"]["macs"], row["after"]["macs"])
    row["by_group"] = by_group(graph, network, small, row["before"]["macs"])
    row["train"] = train(model, network, small, stages, options["limit"])
    if row["before"]["params"] <= EXACT:
        row["error"] = exactness(build(model), inputs, graph, stages, options["limit"])
    check(row, before, structure(outputs, free))


def exactness(network: nn.Module, inputs: Any, graph: ChannelStructure, stages: Stages, limit: float) -> float | str:
    """The largest error in float64 when a random half of every group goes, or why there is none."""
    precise = tree_map(lambda t: t.double() if isinstance(t, Tensor) and t.is_floating_point() else t, inputs)
    try:
        with stages.stage("exactness", limit):
            return assert_exact(network.double(), precise, graph=graph).error
    except (AssertionError, RuntimeError, Limit) as problem:  # some networks hold float32 in their code
        return f"{type(problem).__name__}: {first_line(problem)[:160]}"


def warm_up() -> None:
    """Imports and first calls are no part of the times."""
    network, inputs = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Conv2d(4, 4, 3)), torch.rand(1, 3, 8, 8)
    graph = parse(PytorchBackend(), network.eval(), inputs)
    PytorchBackend().prune(network, graph, PrunePlan.uniform(graph, 0.5))


def describe(row: dict[str, Any], graph: ChannelStructure) -> None:
    """What was found: how many groups and layers, what stays and why, and what the proof says."""
    row["groups"], row["layers"], row["notes"] = len(graph.groups), len(graph.layers), list(graph.notes)
    row["proven"], row["frozen"] = len(graph.proven), [list(one) for one in graph.frozen]
    row["stays"] = sum(layer.group is None for layer in graph.layers)
    row["reasons"] = {}
    for reason, _ in (one for layer in graph.layers for one in layer.protected):
        row["reasons"][reason] = row["reasons"].get(reason, 0) + 1


def where(
    graph: ChannelStructure, network: nn.Module, small: nn.Module, full: int, kept: int
) -> dict[str, list[float]]:
    """Where the MACs are that stay: for each kind of layer how many there are, their share of all, and what is kept.

    What is left when all layers are counted are products of activations.
    """
    found: dict[str, list[float]] = {}
    sizes = {group.id: group.size for group in graph.groups}
    for layer in graph.layers:
        share = kept_share(layer, network, small)
        one = None if layer.group is None else sizes[layer.group] == 1
        _add(found, "its group has one unit" if one else kind(layer, share), layer.macs / max(full, 1), share)
    rest = [1 - sum(v[1] for v in found.values()), kept / max(full, 1) - sum(v[2] for v in found.values())]
    found["products of activations"] = [0, *rest]
    return {name: [round(value, 4) for value in values] for name, values in found.items()}


def by_group(graph: ChannelStructure, network: nn.Module, small: nn.Module, full: int) -> dict[str, list[float]]:
    """For each group, and for each layer that has none, what `where` gives for each kind of layer."""
    found: dict[str, list[float]] = {}
    groups = {group.id: group for group in graph.groups}
    for layer in graph.layers:
        group = None if layer.group is None else groups[layer.group]
        name = f"{layer.name} {kind(layer, 1)}"
        if group is not None:
            fixed = f", {group.fixed} channels fixed" if group.fixed else ""
            name = f"{group.name}: {group.size} units of {group.per_unit}{fixed}"
        _add(found, name, layer.macs / max(full, 1), kept_share(layer, network, small))
    return {name: [round(value, 4) for value in values] for name, values in found.items()}


def _add(found: dict[str, list[float]], name: str, share: float, kept: float) -> None:
    of_name = found.setdefault(name, [0, 0.0, 0.0])
    of_name[0] += 1
    of_name[1] += share
    of_name[2] += share * kept


def kept_share(layer: Layer, network: nn.Module, small: nn.Module) -> float:
    """Share of a layer's weight that is kept, and with it of its MACs."""
    return _numel(small, layer.weight) / max(_numel(network, layer.weight), 1)


def kind(layer: Layer, share: float) -> str:
    """Why a layer keeps this share of its weight."""
    if layer.protected:
        reason, count = max(layer.protected, key=lambda one: one[1])
        return f"{'' if count == layer.out_channels else 'partly '}stays: {reason}"
    if layer.depthwise:
        return "one channel at a time"
    return "cut on both sides" if share < BOTH_SIDES else "reads what stays"


def train(model: Model, network: nn.Module, small: nn.Module, stages: Stages, limit: float) -> str:
    """``ok``, or why the pruned network takes no gradient step in training mode; said too if the original does not."""
    inputs = example(model, network, batch=2)
    args = (inputs, targets(inputs)) if model.section == "detection" else positional(inputs)
    with stages.stage("train", limit):
        try:
            return step(small, args)
        except Limit:
            return "time limit"
        except Exception as problem:  # the network's own code runs here
            found = f"{type(problem).__name__}: {' '.join(str(problem).split())[:200]}"
        try:
            step(network, args)
        except Exception:  # as above
            return f"nor does the original: {found}"
    return found


def step(network: nn.Module, args: tuple[Any, ...]) -> str:
    """One step of gradient descent on the mean of all outputs."""
    network.train()
    loss = torch.stack([output.float().mean() for output in floats(network(*args))]).sum()
    loss.backward()
    with_gradients = [p for p in network.parameters() if p.grad is not None]
    torch.optim.SGD(with_gradients, lr=1e-4).step()
    return "ok"


def floats(value: Any) -> Iterator[Tensor]:
    """All floating-point tensors in a nested output."""
    return (leaf for leaf in leaves(value) if isinstance(leaf, Tensor) and leaf.is_floating_point())


def bytes_of(network: nn.Module) -> int:
    """Bytes of all parameters and buffers."""
    return sum(t.numel() * t.element_size() for t in (*network.parameters(), *network.buffers()))


class _Peak:
    """The most memory that the process held since this was made; where that cannot be reset, since it began."""

    def __init__(self) -> None:
        with contextlib.suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5")

    @staticmethod
    def bytes() -> int:
        status = Path("/proc/self/status")
        if status.exists():
            line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
            return int(line.split()[1]) * 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _numel(network: nn.Module, name: str) -> int:
    tensors = dict(network.named_parameters()) | dict(network.named_buffers())
    return tensors[name].numel() if name in tensors else 1
