"""Knows of every operator that a network runs which call it is, in all and in its module; for the runs of the proof."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.utils._python_dispatch import TorchDispatchMode

from prunekit.core.pruning.call_places import Call, CallPlaces, Place
from prunekit.core.pruning.reference import Reference
from prunekit.core.recording.code_draws import seeded_draws
from prunekit.plugins.backends.pytorch.call import signature, tensors_in
from prunekit.plugins.backends.pytorch.forward import evaluating, to_numpy, training
from prunekit.plugins.backends.pytorch.module_tree import named_modules
from prunekit.plugins.backends.pytorch.recurrent import unfused

_WIDER = {torch.float16: torch.float64, torch.bfloat16: torch.float64, torch.float32: torch.float64,
          torch.complex64: torch.complex128, torch.complex32: torch.complex128}  # fmt: skip


class Watching(TorchDispatchMode):
    """Hands every operator on with its call number and its place.

    Args:
        reference: Says in which mode and precision the network runs; without one, in evaluation and as it is.

    Attributes:
        places: Counts the calls.
    """

    def __init__(self, reference: Reference | None) -> None:
        super().__init__()
        self.places = CallPlaces(reference.calls if reference is not None else {})
        self._precise = reference is not None and reference.precise
        self._training = reference is not None and reference.training

    @abstractmethod
    def operator(self, call: Call, place: Place, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run an operator and return its result."""

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        name = signature(func).name
        call, place = self.places.count(name)
        if self._precise:
            args, kwargs = _lifted(name, args, kwargs or {})
        return self.operator(call, place, func, args, kwargs or {})

    @contextmanager
    def over(self, network: torch.nn.Module) -> Iterator[None]:
        """Inside the block the network runs under this watch; the caller's draws are left alone."""
        names, places = {module: name for name, module in named_modules(network)}, self.places
        usual = torch.get_default_dtype()
        try:
            if self._precise:
                torch.set_default_dtype(torch.float64)
            mode = training(network) if self._training else evaluating(network, fresh=True)
            followed = modules_followed(lambda module: places.enter(names.get(module)), lambda *_: places.leave())
            with mode, torch.no_grad(), unfused(network), torch.random.fork_rng(), seeded_draws(), followed:
                torch.manual_seed(0)
                with self:
                    yield
        finally:
            torch.set_default_dtype(usual)


@contextmanager
def modules_followed(
    enter: Callable[[torch.nn.Module], None], leave: Callable[[torch.nn.Module, Any, Any], None]
) -> Iterator[None]:
    """Inside the block it is told which module's forward begins, and which has ended: with None, where it failed."""
    handles = [
        register_module_forward_pre_hook(lambda module, inputs: enter(module)),
        register_module_forward_hook(leave, always_call=True),
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _lifted(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Arguments that ask for no less than double precision."""
    if (asked := _WIDER.get(kwargs.get("dtype"))) is not None:  # type: ignore[arg-type]
        kwargs = {**kwargs, "dtype": asked}
    if name.startswith(("fake_quantize_per_channel", "_fake_quantize_learnable_per_channel")):
        args = (args[0], args[1].float(), *args[2:])  # the one number that has to be in single precision
    if name == "lift_fresh" and (asked := _WIDER.get(args[0].dtype)) is not None:  # torch.tensor(size, dtype=float)
        args = (args[0].to(asked),)
    if name in ("_softmax", "_log_softmax"):  # whether half becomes float32 on the way
        args = (*args[:2], False)
    return args, kwargs


def decided(func: Any, args: Any, results: Sequence[torch.Tensor]) -> list[int]:
    """Numbers of the results that an operator drew, or that it made of real numbers as indices or truth values."""
    if torch.Tag.nondeterministic_seeded in func.tags:
        return list(range(len(results)))
    other = [number for number, tensor in enumerate(results) if not _real(tensor)]
    return other if other and any(_real(t) for t in tensors_in(args)) else []


def _real(tensor: torch.Tensor) -> bool:
    return tensor.is_floating_point() or tensor.is_complex()


def own_array(tensor: torch.Tensor) -> NDArray[Any]:
    """A tensor's values in an array that no later operator writes into."""
    array: NDArray[Any] = to_numpy(tensor)
    return np.array(array) if tensor.device.type == "cpu" else array
