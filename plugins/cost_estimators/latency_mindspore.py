"""Latency of a MindSpore network, measured."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from prunekit.core.cost import Turns
from prunekit.core.data.contract import Inputs, as_call
from prunekit.plugins.backends.mindspore import process_setup  # noqa: F401 - before MindSpore
from prunekit.plugins.backends.mindspore.device import use_device
from prunekit.plugins.backends.mindspore.error_messages import plainly
from prunekit.plugins.backends.mindspore.forward import evaluating, handed_over, tensors_in
from prunekit.plugins.cost_estimators.cpu_affinity import cpus, working_threads
from prunekit.plugins.cost_estimators.interleaved_timing import TimingSettings, in_turns
from prunekit.registry import Register, RegisterType

import mindspore  # isort: skip
from mindspore import nn  # isort: skip


@Register.register(RegisterType.COST_ESTIMATOR, name="latency", backend="mindspore")
class MeasuredLatency(TimingSettings):
    """Time of one forward, measured on the device.

    MindSpore makes its threads once, whatever is set then (``OMP_NUM_THREADS`` does not count for them), so they are
    bound to ``threads`` CPUs; there may be fewer, and the result says how many were used.
    """

    def compare(self, networks: Mapping[str, nn.Cell], inputs: Inputs, device: str) -> dict[str, Turns]:
        """Measure networks in turns (A B A B ...), so that what disturbs the machine disturbs them alike.

        Args:
            networks: By name.
            inputs: One batch by the data contract.
            device: ``CPU``, ``GPU`` or ``NPU``.

        Raises:
            ThreadsError: This system cannot limit the threads.
        """
        on_cpu = use_device(device) == "CPU"
        args, kwargs = handed_over(as_call(inputs))
        with contextlib.ExitStack() as stack:
            used = stack.enter_context(cpus(self.threads))
            for network in networks.values():
                stack.enter_context(evaluating(network))
            forwards = {name: _reading(network, args, kwargs) for name, network in networks.items()}
            wait = _read_already if on_cpu else mindspore.runtime.synchronize
            found = in_turns(
                forwards, wait, batch=(args, kwargs), threads=used, warmup=self.warmup, repeats=self.repeats
            )
        used = min(used, working_threads(("ActorThread", "KernelThread")) or used)  # which the first operator makes
        return {name: replace(turns, conditions={**turns.conditions, "threads": used}) for name, turns in found.items()}


def _read_already() -> None:
    """On a CPU there is nothing to wait for: what has been read has been computed."""


def _reading(network: nn.Cell, args: Any, kwargs: Any) -> Callable[[], None]:
    """One forward, with its outputs read."""

    def forward() -> None:
        with plainly():
            for tensor in tensors_in(network(*args, **kwargs)):
                tensor.asnumpy()

    return forward
