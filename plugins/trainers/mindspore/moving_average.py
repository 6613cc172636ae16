"""The moving average of a MindSpore network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mindspore import Tensor
from numpy.typing import NDArray

from prunekit.plugins.backends.mindspore.forward import as_array
from prunekit.plugins.trainers import moving_average


class MovingAverage(moving_average.MovingAverage):
    """That of its parameters, trained or not, as arrays of a checkpoint."""

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What it is now."""
        return {name: as_array(value) for name, value in self._kept.items()}

    def restore(self, arrays: Mapping[str, NDArray[Any]], steps: int) -> None:
        """Take back what `arrays` gave after so many steps."""
        self._kept = {name: Tensor(arrays[name], value.dtype) for name, value in self._kept.items()}
        self.steps = steps

    def _move(self, share: float) -> None:
        for parameter in self._network.get_parameters():
            value = Tensor(parameter)
            if value.is_floating_point():
                before = self._kept[parameter.name]
                value = before + (value - before) * share
            self._kept[parameter.name] = value

    def _now(self) -> dict[str, Tensor]:
        return {parameter.name: Tensor(as_array(parameter)) for parameter in self._network.get_parameters()}

    def _put(self, values: Mapping[str, Tensor]) -> None:
        for parameter in self._network.get_parameters():
            parameter.set_data(Tensor(values[parameter.name], parameter.dtype))
