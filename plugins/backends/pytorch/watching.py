"""Knows of every operator that a network runs which call it is, in all and in its module; for the runs of the proof."""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.utils._python_dispatch import TorchDispatchMode

from prunekit.core.pruning.reference import Call, Place, Reference
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
    """

    def __init__(self, reference: Reference | None) -> None:
        super().__init__()
        self.calls = Counter(reference.calls if reference is not None else {})
        self.places = Counter[tuple[str, str]]()
        self._precise = reference is not None and reference.precise
        self._training = reference is not None and reference.training
        self._path = [""]

    @abstractmethod
    def operator(self, call: Call, place: Place, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run an operator and return its result."""

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        name, module = signature(func).name, self._path[-1]
        call, place = (name, self.calls[name]), (module, name, self.places[module, name])
        self.calls[name] += 1
        self.places[module, name] += 1
        if self._precise:
            args, kwargs = _lifted(name, args, kwargs or {})
        return self.operator(call, place, func, args, kwargs or {})

    @contextmanager
    def over(self, network: torch.nn.Module) -> Iterator[None]:
        """Inside the block the network runs under this watch; the caller's draws are left alone."""
        names = {module: name for name, module in named_modules(network)}
        handles = [
            register_module_forward_pre_hook(
                lambda module, inputs: self._path.append(names.get(module, self._path[-1]))
            ),
            register_module_forward_hook(lambda module, inputs, output: self._leave(), always_call=True),
        ]
        usual = torch.get_default_dtype()
        try:
            if self._precise:
                torch.set_default_dtype(torch.float64)
            mode = training(network) if self._training else evaluating(network, fresh=True)
            with mode, torch.no_grad(), unfused(network), torch.random.fork_rng():
                torch.manual_seed(0)
                with self:
                    yield
        finally:
            torch.set_default_dtype(usual)
            for handle in handles:
                handle.remove()

    def _leave(self) -> None:
        self._path.pop()


def _lifted(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Arguments that ask for no less than double precision."""
    if (asked := _WIDER.get(kwargs.get("dtype"))) is not None:  # type: ignore[arg-type]
        kwargs = {**kwargs, "dtype": asked}
    if name.startswith(("fake_quantize_per_channel", "_fake_quantize_learnable_per_channel")):
        args = (args[0], args[1].float(), *args[2:])  # the one number that has to be in single precision
    if name in ("_softmax", "_log_softmax"):  # whether half becomes float32 on the way
        args = (*args[:2], False)
    return args, kwargs


def draws(func: Any) -> bool:
    """Whether an operator draws random numbers."""
    return torch.Tag.nondeterministic_seeded in func.tags


def decides(args: Any, results: list[torch.Tensor]) -> bool:
    """Whether an operator makes something else of real numbers: indices, truth values, whole numbers."""
    return any(not _real(t) for t in results) and any(_real(t) for t in tensors_in(args))


def _real(tensor: torch.Tensor) -> bool:
    return tensor.is_floating_point() or tensor.is_complex()


def own_array(tensor: torch.Tensor) -> NDArray[Any]:
    """A tensor's values in an array that no later operator writes into."""
    array: NDArray[Any] = to_numpy(tensor)
    return np.array(array) if tensor.device.type == "cpu" else array
