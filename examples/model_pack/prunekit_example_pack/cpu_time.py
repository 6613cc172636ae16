"""A measured cost: the time of all processor cores that a forward takes, which the electricity bill follows."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from pydantic import NonNegativeInt, PositiveInt

from prunekit.core.backend_factory import backend_for
from prunekit.core.cost import Turns
from prunekit.registry import PrunekitError, Register, RegisterType


@Register.register(RegisterType.COST_ESTIMATOR, name="cpu_time")  # no backend: any network can be run
class CpuTime:
    """Processor time of one forward, summed over all threads; unlike latency it does not fall with more cores.

    Args:
        batch_size: Samples in a forward. Windows counts in steps of 16 ms, which a forward has to last there.
        warmup: Rounds that are not counted.
        repeats: Rounds that are.
    """

    unit = "ms"

    def __init__(self, *, batch_size: PositiveInt = 8, warmup: NonNegativeInt = 3, repeats: PositiveInt = 10) -> None:
        self.batch_size, self._warmup, self._repeats = batch_size, warmup, repeats

    def compare(self, networks: Mapping[str, Any], inputs: Any, device: str) -> dict[str, Turns]:
        if device != "CPU":
            raise PrunekitError(f"cpu_time says nothing of what {device} does; choose -d CPU, or another reward")
        times: dict[str, list[float]] = {name: [] for name in networks}
        for turn in range(-self._warmup, self._repeats):
            for name, network in networks.items():  # in turns: what disturbs the machine disturbs all alike
                start = time.process_time_ns()
                list(backend_for(network).run(network, [(inputs, None)]))
                if turn >= 0:
                    times[name].append((time.process_time_ns() - start) / 1e6)
        return {name: Turns(tuple(values), {"batch_size": self.batch_size}) for name, values in times.items()}
