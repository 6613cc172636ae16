"""The Python API: trace, prune, compensate, recalibrate, shrink; whichever framework the network is from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from prunekit.core.backend import Backend, Network
from prunekit.core.backend_factory import backend_for
from prunekit.core.cost import CostModel
from prunekit.core.data.contract import Batch, DataError, Inputs
from prunekit.core.data.finite import finite_batches, not_finite
from prunekit.core.parsing.channel_graph import ChannelGraph
from prunekit.core.parsing.parse import parse
from prunekit.core.pruning import compensation
from prunekit.core.pruning.plan import PrunePlan
from prunekit.core.search.candidate_builder import CandidateBuilder
from prunekit.core.search.settings import SearchSettings
from prunekit.core.search.space import SearchSpace
from prunekit.core.weights import refuse_unsound
from prunekit.registry import Register, RegisterType

__all__ = ["backend_for", "compensate", "prune", "recalibrate", "shrink", "trace"]


def trace(
    network: Network,
    example_inputs: Inputs,
    ignore: Iterable[str] = (),
    leaf_modules: Mapping[str, str] | None = None,
    whole_parts: Iterable[str] = (),
    outputs: Iterable[str | int] | None = None,
) -> ChannelGraph:
    """Find out which channels of a network can go and which must go together.

    Args:
        network: A network of any framework that a registered backend handles.
        example_inputs: What it is called with, NumPy arrays or the framework's tensors: a tuple is positional, a dict
            is keywords, anything else is one argument.
        ignore: Modules whose outputs are kept.
        leaf_modules: By class name what a module is as a whole, ``convolution`` or ``normalization``; its inside is not
            followed.
        whole_parts: Patterns of modules whose code splits channels into parts (``blocks.*.attn``): there whole parts
            go (attention heads, groups), not positions within every part (the width of the heads).
        outputs: Which outputs matter, where not all do: positions in a tuple, keys of a dict, and paths of them
            (``0``, ``logits``, ``aux.0``). The others may lose channels.

    Raises:
        OutputError: The network has no such output.
        TypeError: No registered backend handles the network's class.
        ValueError: A module in ``ignore`` does not exist.
        PrunekitError: Weights or inputs are not finite; they are named.
    """
    backend = _sound(network)
    _refuse_not_finite(example_inputs)
    return parse(
        backend, network, example_inputs, ignore, leaf_modules=leaf_modules, whole_parts=whole_parts,
        outputs=outputs,
    )  # fmt: skip


def prune(network: Network, graph: ChannelGraph, plan: PrunePlan) -> Network:
    """A new, really smaller network in evaluation mode; the first is left as it was.

    Raises:
        PlanError: The plan is for another network.
    """
    return backend_for(network).prune(network, graph, plan)


def compensate(
    network: Network, small: Network, graph: ChannelGraph, plan: PrunePlan, batches: Iterable[Batch]
) -> Network:
    """A copy of ``small`` whose weights make up for what the plan removed from ``network``, in closed form.

    Args:
        network: The original.
        small: What ``prune`` made of it.
        graph: The original's channel graph.
        plan: What stays.
        batches: ``(inputs, target)``; targets are not used.

    Raises:
        PrunekitError: Weights or inputs are not finite; they are named.
    """
    backend = _sound(network)
    refuse_unsound(backend, small)
    moments = backend.observe(network, graph, finite_batches(batches))
    moments.refuse_not_finite()
    return backend.with_state(small, compensation.compensated(graph, plan, moments, backend.state_arrays(network)))


def recalibrate(network: Network, batches: Iterable[Batch]) -> Network:
    """A copy of the network whose normalization statistics are those of the batches.

    Raises:
        PrunekitError: Weights or inputs are not finite; they are named.
    """
    backend = _sound(network)
    changed = backend.recalibrate(network, finite_batches(batches))
    refuse_unsound(backend, changed, f"{type(network).__name__} on these batches")
    return changed


def shrink(
    network: Network,
    example_inputs: Inputs,
    budget: float,
    batches: Iterable[Batch],
    *,
    ignore: Iterable[str] = (),
    outputs: Iterable[str | int] | None = None,
    algorithm: str = "closed_form",
    importance: str = "compensation",
    round_to: int = 1,
) -> Network:
    """Allocate, prune, compensate and recalibrate: the good way in one line, without evaluation or training.

    Args:
        network: The original; left as it was.
        example_inputs: As for ``trace``.
        budget: Share of the MACs to keep.
        batches: ``(inputs, target)`` to calibrate on; a few hundred images. Targets are not used.
        ignore: As for ``trace``.
        outputs: As for ``trace``.
        algorithm: Name of a registered search algorithm; its first trial is taken.
        importance: Name of a registered importance criterion.
        round_to: Keep a multiple of this many channels.

    Raises:
        BudgetError: The budget is out of reach; the message says what is in reach.
        PrunekitError: Weights or inputs are not finite; they are named.
    """
    backend = _sound(network)
    _refuse_not_finite(example_inputs)
    graph = parse(backend, network, example_inputs, ignore, outputs=outputs)
    builder = CandidateBuilder.observing(backend, network, graph, finite_batches(batches))
    rankings = Register.get(RegisterType.IMPORTANCE, importance)().rank(builder.importance_inputs)
    settings = SearchSettings(budget=f"flops <= {budget}", lbound=0.0, channel_round=round_to)
    space = SearchSpace(graph, rankings, settings, CostModel(graph))
    trial = Register.get(RegisterType.SEARCH_ALGORITHM, algorithm)(space, settings).ask()
    return builder.build(trial.plan)


def _sound(network: Network) -> Backend:
    """The backend that handles the network, whose weights are finite.

    Raises:
        WeightsError: They are not.
    """
    backend = backend_for(network)
    refuse_unsound(backend, network)
    return backend


def _refuse_not_finite(example_inputs: Inputs) -> None:
    if what := not_finite((example_inputs, None)):
        raise DataError(f"example_inputs: {what}; give inputs that are finite")
