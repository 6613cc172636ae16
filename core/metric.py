"""What a metric says of a network: the protocol of metrics, and the figures that everything else speaks of."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from prunekit.core.backend import Backend, Network
from prunekit.core.data.contract import Batch
from prunekit.registry import Register, RegisterType

DEFAULT_METRIC = "accuracy"  # where neither the yml, nor the network, nor the dataset names one


@dataclass(frozen=True)
class Measured:
    """What a metric found over all batches.

    Attributes:
        value: The figure that networks are compared by; higher is better.
        error: Its standard error: so many samples tell no finer differences apart; None where it was not asked for.
        loss: Mean loss of a sample, lower is better; it tells networks of equal value apart. None where there is none.
        figures: What reports show beside the value.
        samples: How many samples were seen.
    """

    value: float
    error: float | None = None
    loss: float | None = None
    figures: Mapping[str, float] = field(default_factory=dict)
    samples: int = 0

    def to_json(self) -> dict[str, Any]:
        """The figures as plain JSON values; `from_json` gives them back exactly."""
        return {
            "value": self.value, "error": self.error, "loss": self.loss, "figures": dict(self.figures),
            "samples": self.samples,
        }  # fmt: skip

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Measured:
        """The figures that `to_json` wrote."""
        return cls(**{**data, "figures": dict(data["figures"])})


class Metric(Protocol):
    """Judges a network by its outputs, batch after batch; register it as ``RegisterType.METRIC``.

    A metric may also say as class attributes:

    * ``is_rate = True``: ``1 - value`` is a rate of errors, which rewards weigh as it is. Of other metrics they weigh
      the value as a share of the original network's (`Objective`).
    * ``judges = "labels"``: the kind of target that it needs. A dataset that says another kind (``targets``) is refused
      before anything is computed.
    """

    def update(self, outputs: Any, target: Any) -> None:
        """Add a batch: the network's outputs, decoded where it has a ``decode``, and the dataset's targets, in NumPy.

        Raises:
            DataError: They do not fit each other, or this metric; the message says what is expected.
        """
        ...

    def result(self, error: bool = True) -> Measured:
        """The figures over all batches so far.

        Args:
            error: Whether the standard error is wanted, which may cost much: a bootstrap over the samples.

        Raises:
            DataError: There was no sample.
        """
        ...


def measure(backend: Backend, network: Network, data: Iterable[Batch], metric: Metric, error: bool = True) -> Measured:
    """What the metric finds of a network over batches, by outputs that its own ``decode`` has made readable."""
    for outputs, target in backend.run(network, data, decoded=True):
        metric.update(outputs, target)
    return metric.result(error)


def metric_class(name: str, backend: str | None = None) -> type[Any]:
    """The registered metric of a name."""
    return Register.get(RegisterType.METRIC, name, backend)


def is_rate(metric: type[Any]) -> bool:
    """Whether ``1 - value`` is a rate of errors."""
    return bool(getattr(metric, "is_rate", False))


def shown_value(value: float, digits: int = 2) -> str:
    """A value as people read it: in percent where it is a share, else as a number."""
    return f"{value:.{digits}%}" if math.isnan(value) or 0 <= value <= 1 else f"{value:.4g}"
