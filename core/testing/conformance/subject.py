"""Who is tested: a backend, its networks, and what only their author knows of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest import SkipTest

import numpy as np
from numpy.typing import DTypeLike, NDArray

from prunekit.core.backend import Backend, Network, outputs_as_arrays
from prunekit.core.graph import ChannelStructure, channel_structure
from prunekit.core.testing.array_variants import varied
from prunekit.core.testing.conformance.structures import STRUCTURES

Arrays = Mapping[str, NDArray[Any]]


class BrokenPromise(AssertionError):
    """The backend does not do what its protocol says; the message says what."""


class NotSupported(SkipTest):
    """The backend does not claim to support what is checked; test runners show it as a test that was skipped."""


@dataclass(frozen=True)
class Subject:
    """A backend with everything that the checks need.

    Attributes:
        backend: What is tested.
        networks: For each name in `structures.STRUCTURES` the class of such a network.
        tolerance: Largest difference of two results that should be equal, relative to the largest value; what rounding
            leaves in the networks' precision.
        dtype: The networks' precision.
        training: Whether a network, or a module in it, is in training mode.
        train: Puts a network into training mode.
        convolution: Name of the framework's class of convolutions.
        random_state: The state of the framework's global generators of random numbers, in anything that can be
            compared; None where it has none.
        channels: ``(inputs, outputs)`` that the module of a name says it has, where modules hold such numbers; None
            where they do not.
    """

    backend: Backend
    networks: Mapping[str, type[Any]]
    tolerance: float
    dtype: DTypeLike
    training: Callable[[Network], bool]
    train: Callable[[Network], object]
    convolution: str
    random_state: Callable[[], Any] = lambda: None
    channels: Callable[[Network, str], tuple[int, int]] | None = None

    def network(self, structure: str, seed: int = 0) -> Network:
        """A network without constant weights and statistics, which would hide mistakes."""
        plain = self.backend.build(self.networks[structure], {}, seed)
        return self.backend.with_state(plain, varied(self.state(plain), seed))

    def inputs(self, structure: str, batch: int = 2, seed: int = 0) -> NDArray[Any]:
        """Random samples for a network."""
        shape = (batch, *STRUCTURES[structure].shape)
        return np.random.default_rng(seed).normal(size=shape).astype(self.dtype)

    def graph(self, network: Network, structure: str) -> ChannelStructure:
        """What can go by the structure alone, unproven."""
        return channel_structure(self.backend.record(network, self.inputs(structure)))

    def state(self, network: Network) -> dict[str, NDArray[Any]]:
        """All parameters and buffers, in copies whatever the backend gives."""
        return {name: np.array(array) for name, array in self.backend.state_arrays(network).items()}

    def outputs(self, network: Network, inputs: Any) -> list[NDArray[Any]]:
        """What the network returns for one batch."""
        ((outputs, _),) = self.backend.run(network, [(inputs, 0)])
        return [np.array(array) for array in outputs_as_arrays(outputs)]

    def needs(self, ability: str) -> None:
        """End the check where the backend does not claim an ability."""
        if ability not in self.backend.supports:
            raise NotSupported(f"{self.backend.name} does not list {ability!r} in supports")

    @contextmanager
    def left_alone(self, network: Network, by: str) -> Iterator[None]:
        """Make sure that what is done inside the block changes neither the network's values nor its mode."""
        before, mode = self.state(network), self.training(network)
        yield
        promise(self.training(network) == mode, f"{by} changed the mode of the network that it was given")
        same(self.state(network), before, f"{by} changed the network that it was given")


def promise(kept: bool, told: str) -> None:
    """Raise unless a promise is kept.

    Raises:
        BrokenPromise: It is not.
    """
    if not kept:
        raise BrokenPromise(told)


def same(got: Arrays, wanted: Arrays, told: str) -> None:
    """Raise unless two states have the same names, in the same order, and the same bits."""
    promise(list(got) == list(wanted), f"{told}: names {list(got)} instead of {list(wanted)}")
    for name, array in wanted.items():
        promise(_bits(got[name]) == _bits(array), f"{told}: {name} differs")


def _bits(array: NDArray[Any]) -> tuple[Any, ...]:
    return array.shape, array.dtype, array.tobytes()
