"""SGD, Adam and AdamW as PyTorch defines them, in MindSpore's operators.

``nn.SGD`` and ``nn.Adam`` spare normalizations the weight decay and are compiled anew for every network;
``mint.optim`` changes no weight on a CPU, where ``Tensor.add_`` works on a copy.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from mindspore import Parameter, Tensor, mint, ops
from numpy.typing import NDArray

from prunekit.plugins.backends.mindspore.forward import as_array
from prunekit.plugins.trainers.errors import TrainingError
from prunekit.plugins.trainers.settings import SGD, Adam, AdamParams, AdamW, SGDParams
from prunekit.plugins.trainers.weight_groups import Learns


class Updates(ABC):
    """Changes weights by their gradients; what it remembers of each weight is its state.

    Args:
        weights: What is trained; their names are unlike each other.
        params: Settings of the optimizer.
        learning: How each weight learns, in the same order.
    """

    def __init__(self, weights: Sequence[Parameter], params: Any, learning: Sequence[Learns] | None = None) -> None:
        self._weights, self._params = weights, params
        self._learning = learning or [Learns() for _ in weights]
        self._state: list[dict[str, Tensor]] = [{} for _ in weights]
        self._steps = 0

    def step(self, gradients: Sequence[Tensor], lr: float) -> None:
        """Change every weight, given the gradients in the same order."""
        self._steps += 1
        for weight, gradient, state, how in zip(self._weights, gradients, self._state, self._learning, strict=True):
            rate = lr * how.lr_mult
            decayed = self._decayed(weight, gradient, self._params.weight_decay * how.decay_mult, rate)
            self._update(weight, decayed, state, rate)

    def _decayed(self, weight: Parameter, gradient: Tensor, decay: float, lr: float) -> Tensor:
        """The gradient with the weight in it."""
        return mint.add(gradient, weight, alpha=decay) if decay else gradient

    @abstractmethod
    def _update(self, weight: Parameter, gradient: Tensor, state: dict[str, Tensor], lr: float) -> None: ...

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What is remembered, as ``kind.weight``."""
        pairs = zip(self._weights, self._state, strict=True)
        return {f"{kind}.{weight.name}": as_array(kept) for weight, state in pairs for kind, kept in state.items()}

    def restore(self, arrays: Mapping[str, NDArray[Any]], steps: int) -> None:
        """Take back what `arrays` gave after so many steps.

        Raises:
            ValueError: It was of other weights.
        """
        owners = {weight.name: (weight, state) for weight, state in zip(self._weights, self._state, strict=True)}
        for key, array in arrays.items():
            kind, _, name = key.partition(".")
            if name not in owners or owners[name][0].shape != array.shape:
                raise ValueError(f"the network has no weight {name} of the shape {list(array.shape)}")
            owners[name][1][kind] = Tensor(array)
        self._steps = steps

    @property
    def steps(self) -> int:
        """How many steps were made."""
        return self._steps


class SGDUpdates(Updates):
    """Stochastic gradient descent."""

    _params: SGDParams

    def _update(self, weight: Parameter, gradient: Tensor, state: dict[str, Tensor], lr: float) -> None:
        momentum = self._params.momentum
        if momentum:
            before = state.get("velocity")
            velocity = gradient  # the first is not damped
            if before is not None:
                velocity = mint.add(before * momentum, gradient, alpha=1 - self._params.dampening)
            state["velocity"] = velocity
            gradient = mint.add(gradient, velocity, alpha=momentum) if self._params.nesterov else velocity
        ops.assign_sub(weight, gradient * lr)


class AdamUpdates(Updates):
    """Adam."""

    _params: AdamParams

    def _update(self, weight: Parameter, gradient: Tensor, state: dict[str, Tensor], lr: float) -> None:
        first, second = self._params.betas
        if not state:
            state["mean"] = state["square"] = ops.zeros_like(gradient)
        state["mean"] = mint.add(state["mean"] * first, gradient, alpha=1 - first)
        square = state["square"] = mint.add(state["square"] * second, gradient * gradient, alpha=1 - second)
        if self._params.amsgrad:
            square = state["largest"] = ops.maximum(state.get("largest", square), square)
        root = ops.sqrt(square) * float((1 - second**self._steps) ** -0.5)
        ops.assign_sub(weight, state["mean"] / (root + self._params.eps) * (lr / (1 - first**self._steps)))


class AdamWUpdates(AdamUpdates):
    """Adam, and weights that shrink by themselves."""

    def _decayed(self, weight: Parameter, gradient: Tensor, decay: float, lr: float) -> Tensor:
        if decay:
            ops.assign_sub(weight, weight * (lr * decay))
        return gradient


def updates(
    weights: Sequence[Parameter], settings: SGD | Adam | AdamW, learning: Sequence[Learns] | None = None
) -> Updates:
    """The optimizer that the settings describe.

    Raises:
        TrainingError: The settings contradict each other.
    """
    if isinstance(settings, AdamW):
        return AdamWUpdates(weights, settings.params, learning)
    if isinstance(settings, Adam):
        return AdamUpdates(weights, settings.params, learning)
    params = settings.params
    if params.nesterov and (not params.momentum or params.dampening):
        raise TrainingError("optimizer: Nesterov momentum requires a momentum and zero dampening")
    return SGDUpdates(weights, params, learning)
