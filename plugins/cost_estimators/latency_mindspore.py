"""Latency of a MindSpore network, measured."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from prunekit.core.data.contract import Inputs, as_call
from prunekit.core.search.latency import Latency
from prunekit.plugins.backends.mindspore import process_setup  # noqa: F401 - before MindSpore
from prunekit.plugins.backends.mindspore.device import use_device
from prunekit.plugins.backends.mindspore.error_messages import plainly
from prunekit.plugins.backends.mindspore.forward import evaluating, handed_over, tensors_in
from prunekit.plugins.cost_estimators.cpu_affinity import cpus, working_threads
from prunekit.plugins.cost_estimators.interleaved_timing import check_counts, in_turns
from prunekit.registry import Register, RegisterType

import mindspore  # isort: skip
from mindspore import nn  # isort: skip


@Register.register(RegisterType.COST_ESTIMATOR, name="latency", backend="mindspore")
class MeasuredLatency:
    """Time of one forward, measured on the device."""

    def compare(
        self,
        networks: Mapping[str, nn.Cell],
        inputs: Inputs,
        device: str,
        *,
        threads: int | None = None,
        warmup: int = 5,
        repeats: int = 30,
    ) -> dict[str, Latency]:
        """Measure networks in turns (A B A B ...), so that what disturbs the machine disturbs them alike.

        Args:
            networks: By name.
            inputs: One batch by the data contract.
            device: ``CPU``, ``GPU`` or ``NPU``.
            threads: CPUs during the measurement; None leaves them as they are. MindSpore makes its threads once,
                whatever is set then (``OMP_NUM_THREADS`` does not count for them), so they are bound to so many CPUs;
                there may be fewer, and the result says how many were used.
            warmup: Rounds that are not counted.
            repeats: Rounds that are.

        Raises:
            ValueError: ``repeats`` or ``threads`` is below 1, or ``warmup`` below 0.
            ThreadsError: This system cannot limit them.
        """
        check_counts(threads, warmup, repeats)
        on_cpu = use_device(device) == "CPU"
        args, kwargs = handed_over(as_call(inputs))
        with contextlib.ExitStack() as stack:
            used = stack.enter_context(cpus(threads))
            for network in networks.values():
                stack.enter_context(evaluating(network))
            forwards = {name: _reading(network, args, kwargs) for name, network in networks.items()}
            wait = _read_already if on_cpu else mindspore.runtime.synchronize
            found = in_turns(forwards, wait, batch=(args, kwargs), threads=used, warmup=warmup, repeats=repeats)
        used = min(used, working_threads(("ActorThread", "KernelThread")) or used)  # which the first operator makes
        return {name: replace(latency, threads=used) for name, latency in found.items()}


def _read_already() -> None:
    """On a CPU there is nothing to wait for: what has been read has been computed."""


def _reading(network: nn.Cell, args: Any, kwargs: Any) -> Callable[[], None]:
    """One forward, with its outputs read."""

    def forward() -> None:
        with plainly():
            for tensor in tensors_in(network(*args, **kwargs)):
                tensor.asnumpy()

    return forward
