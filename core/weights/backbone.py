"""Gives a part of a network the weights of a whole one: a detector's backbone those of a classifier."""

from __future__ import annotations

from pathlib import Path

from prunekit.core.backend import Backend, Network
from prunekit.core.weights.errors import WeightsError
from prunekit.core.weights.files import numbers, read_sets
from prunekit.core.weights.fitting import Way, decided, fitting_arrays, large_enough
from prunekit.core.weights.loading import namings
from prunekit.core.weights.name_matching import check_fit, some
from prunekit.core.weights.naming import Naming, counts
from prunekit.core.weights.soundness import refuse_unsound

_SPARE = 1 << 27  # numbers that a file may hold beside the backbone: a classifier of very many classes


def load_backbone(backend: Backend, network: Network, path: Path, key: str | None = None) -> str:
    """Load the weights of a network's backbone; every one has to be there, and what else the file holds is left out.

    The backbone is what the network calls ``backbone``, or what its class names by ``backbone_name``
    (``backbone.body``); ``backbone_namings`` of the class lists where weights for it come from.

    Args:
        backend: The network's.
        network: The network.
        path: The file.
        key: Which set of weights to take (``ema``).

    Returns:
        What was taken of the file, and what was left out.

    Raises:
        WeightsError: The network has no backbone, or the file cannot be read or does not hold it, and the network is
            left as it was.
    """
    prefix = f"{getattr(type(network), 'backbone_name', 'backbone')}."
    whole = backend.weight_shapes(network)
    own = {name.removeprefix(prefix): shape for name, shape in whole.items() if name.startswith(prefix)}
    title = f"the backbone of {type(network).__name__}"
    if not own:
        raise WeightsError(f"{type(network).__name__} has no part named {prefix[:-1]!r}; say pretrained_model_file")
    known = tuple(getattr(type(network), "backbone_namings", ())) or namings(network)
    ways = [_within(own, way) for way in _ways(own, path, backend, key, known)]
    fits = [way for way in ways if way.fits(own)]
    if not fits:
        way = max(ways, key=lambda each: len(own.keys() & each.found.keys()))
        check_fit(str(path), title, own, way.found)
    way = decided(path, title, fits)
    arrays = numbers(str(path), fitting_arrays(own, way.found))
    named = {f"{prefix}{name}": array for name, array in arrays.items()}
    state = {name: array for name, array in backend.state_arrays(network).items() if name in whole}
    backend.load(network, {**state, **named})
    refuse_unsound(backend, network, str(path), named)
    taken = sum(not counts(name) for name in arrays)
    told = [f"{taken} arrays are {title}'s", way.renaming.told() or ""]
    told += [f"left out: {some(way.left)}"] if way.left else []
    return "; ".join(filter(None, told))


def _ways(
    own: dict[str, tuple[int, ...]], path: Path, backend: Backend, key: str | None, known: tuple[Naming, ...]
) -> list[Way]:
    sets = large_enough(own, read_sets(path, backend, key, _SPARE))
    return [Way.of(own, each, known) for each in sets]


def _within(own: dict[str, tuple[int, ...]], way: Way) -> Way:
    """The same, of which what is no part of the backbone is left out."""
    others = tuple(name for name in way.found if name not in own and not counts(name))
    found = {name: array for name, array in way.found.items() if name in own}
    return Way(way.taken, way.renaming, found, (*way.left, *others))
