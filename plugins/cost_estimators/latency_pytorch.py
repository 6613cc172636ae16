"""Latency of a PyTorch network, measured."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator, Mapping

import torch
from torch import nn

from prunekit.core.cost import Turns
from prunekit.core.data.contract import Inputs, as_call
from prunekit.plugins.backends.pytorch.device import torch_device
from prunekit.plugins.backends.pytorch.forward import evaluating, handed_over
from prunekit.plugins.backends.pytorch.module_tree import plain_methods
from prunekit.plugins.cost_estimators.interleaved_timing import TimingSettings, check_counts, in_turns
from prunekit.registry import Register, RegisterType


@Register.register(RegisterType.COST_ESTIMATOR, name="latency", backend="pytorch")
class MeasuredLatency(TimingSettings):
    """Time of one forward, measured on the device."""

    def compare(self, networks: Mapping[str, nn.Module], inputs: Inputs, device: str) -> dict[str, Turns]:
        """Measure networks in turns on ``CPU``, ``GPU`` or ``NPU``; see `compare_latency`."""
        where = torch_device(device)
        return compare_latency(networks, inputs, where, threads=self.threads, warmup=self.warmup, repeats=self.repeats)


def compare_latency(
    networks: Mapping[str, nn.Module],
    inputs: Inputs,
    device: torch.device | str = "cpu",
    *,
    threads: int | None = None,
    warmup: int = 5,
    repeats: int = 30,
) -> dict[str, Turns]:
    """Measure networks in turns (A B A B ...), so that what disturbs the machine disturbs them alike.

    Args:
        networks: By name; they stay where they are moved to, on the device.
        inputs: One batch by the data contract; moved to the device before anything is timed.
        device: Where to run.
        threads: CPU threads during the measurement; None leaves them as they are.
        warmup: Rounds that are not counted.
        repeats: Rounds that are.

    Raises:
        ValueError: ``repeats`` or ``threads`` is below 1, or ``warmup`` below 0.
    """
    check_counts(threads, warmup, repeats)
    device = torch.device(device)
    args, kwargs = handed_over(as_call(inputs), device)
    with contextlib.ExitStack() as stack:
        stack.enter_context(torch.no_grad())
        used = stack.enter_context(_threads(threads))
        for network in networks.values():
            with plain_methods(network):
                network.to(device)
            stack.enter_context(evaluating(network))
        forwards = {name: functools.partial(network, *args, **kwargs) for name, network in networks.items()}
        return in_turns(
            forwards, lambda: _wait(device), batch=(args, kwargs), threads=used, warmup=warmup, repeats=repeats
        )


@contextlib.contextmanager
def _threads(wanted: int | None) -> Iterator[int]:
    before = torch.get_num_threads()
    torch.set_num_threads(wanted or before)
    try:
        yield torch.get_num_threads()
    finally:
        torch.set_num_threads(before)


def _wait(device: torch.device) -> None:
    if device.type != "cpu":  # an accelerator works on its own; without waiting only the launch would be timed
        torch.get_device_module(device).synchronize(device)
