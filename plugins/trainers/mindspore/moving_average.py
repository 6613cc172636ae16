"""The exponential moving average of a network's weights and statistics."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Mapping
from typing import Any

from mindspore import Tensor, nn
from numpy.typing import NDArray

from prunekit.plugins.backends.mindspore.forward import as_array


class MovingAverage:
    """Follows a network step by step; numbers that are no floating-point ones are those of the last step.

    Args:
        network: Whose.
        decay: How much of itself it keeps in a step, in the end.
        ramp: Over how many steps that grows: the n-th keeps ``decay * (1 - exp(-n / ramp))``.
    """

    def __init__(self, network: nn.Cell, decay: float, ramp: float) -> None:
        self._network, self._decay, self._ramp, self.steps = network, decay, ramp, 0
        self._kept = self._now()

    def update(self) -> None:
        """Move towards the network as it is after a step."""
        self.steps += 1
        kept = self._decay * (1 - math.exp(-self.steps / self._ramp))
        for parameter in self._network.get_parameters():
            value = Tensor(parameter)
            if value.is_floating_point():
                before = self._kept[parameter.name]
                value = before + (value - before) * (1 - kept)
            self._kept[parameter.name] = value

    @contextlib.contextmanager
    def used(self) -> Iterator[None]:
        """Inside the block the network has the average."""
        before = self._now()
        self.take()
        try:
            yield
        finally:
            self._put(before)

    def take(self) -> None:
        """Give it to the network."""
        self._put(self._kept)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What it is now."""
        return {name: as_array(value) for name, value in self._kept.items()}

    def restore(self, arrays: Mapping[str, NDArray[Any]], steps: int) -> None:
        """Take back what `arrays` gave after so many steps."""
        self._kept = {name: Tensor(arrays[name], value.dtype) for name, value in self._kept.items()}
        self.steps = steps

    def _now(self) -> dict[str, Tensor]:
        return {parameter.name: Tensor(as_array(parameter)) for parameter in self._network.get_parameters()}

    def _put(self, values: Mapping[str, Tensor]) -> None:
        for parameter in self._network.get_parameters():
            parameter.set_data(Tensor(values[parameter.name], parameter.dtype))
