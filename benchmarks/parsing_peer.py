"""The peer's row: Torch-Pruning out of the box, at the same ratio."""

from __future__ import annotations

from typing import Any

import torch
from parsing_job import Stages, check, macs, parameters, structure
from parsing_zoo import Model, build, example, last_layers, positional


def peer(model: Model, row: dict[str, Any], stages: Stages, options: dict[str, Any]) -> None:
    """Fill the row.

    Half of each group goes, by the L2 norm over the group, each group for itself; the last layers are ignored, as in
    its examples. No recipes for single models.

    Args:
        model: Which.
        row: To be filled.
        stages: Times and limits them.
        options: ``limit`` in CPU seconds.

    Raises:
        Failure: The pruned network is not what it should be.
    """
    network = build(model)
    args = positional(example(model, network))
    free = model.section == "detection"
    with stages.stage("forward"), torch.no_grad():
        before = structure(network(*args), free)
    row["before"] = {"params": parameters(network), "macs": macs(network, args)}
    network = build(model)  # untouched by any forward
    prune(torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.Conv2d(4, 4, 3)), (torch.rand(1, 3, 8, 8),), [])
    with stages.stage("parse and prune", options["limit"]):
        prune(network, args, list(last_layers(model, network)))
    network.eval()
    with stages.stage("run"), torch.no_grad():
        after = structure(network(*args), free)
    row["after"] = {"params": parameters(network), "macs": macs(network, args)}
    check(row, before, after)


def prune(network: torch.nn.Module, args: tuple[Any, ...], ignored: list[torch.nn.Module]) -> None:
    """Build its dependency graph and prune in place."""
    import torch_pruning

    importance = torch_pruning.importance.GroupMagnitudeImportance(p=2)
    pruner = torch_pruning.pruner.BasePruner(
        network, args, importance=importance, pruning_ratio=0.5, round_to=None, ignored_layers=ignored
    )
    pruner.step()
