"""Sees which function of MindSpore the network's code called, and gives it sizes that know where they come from.

Dispatch shows sizes as plain integers: what the code passed is seen one level above, where methods of tensors,
functions and primitives are called.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import reduce
from operator import mul
from typing import Any

from mindspore import Tensor, mint, nn, ops
from mindspore.ops.auto_generate import gen_ops_prim
from mindspore.ops.operations import array_ops
from mindspore.ops.primitive import Primitive

from prunekit.core.graph.symbolic_integers import SymInt
from prunekit.core.graph.tracked_sizes import LIBRARIES, Extent, Uses
from prunekit.core.recording import ApiCall
from prunekit.core.recording.code_literals import literal
from prunekit.core.recording.module_attributes import seen_functions
from prunekit.core.recording.seen_numpy import SizedArray

METHODS = (
    "view", "reshape", "expand", "broadcast_to", "view_as", "expand_as", "split", "chunk", "narrow", "unflatten",
    "mul", "div", "__mul__", "__rmul__", "__imul__", "__truediv__", "__itruediv__", "new_zeros", "new_ones", "new_full",
    "tile", "repeat", "__add__", "__radd__", "__sub__", "__rsub__",
)  # fmt: skip
FUNCTIONS = (
    "reshape", "broadcast_to", "expand", "split", "chunk", "narrow", "unflatten", "mul", "div", "zeros", "ones", "full",
    "rand", "randn", "arange", "linspace", "eye", "empty", "group_norm", "layer_norm", "conv2d", "tile", "fill",
    "strided_slice", "slice", "pad", "scatter_nd", "add", "sub", "addmm", "baddbmm",
)  # fmt: skip
PRIMITIVES = {
    "Reshape": "reshape", "BroadcastTo": "broadcast_to", "GroupNorm": "group_norm", "LayerNorm": "layer_norm",
    "Muls": "mul", "Divs": "div", "ScalarToTensor": "scalar_to_tensor",
    "StridedSlice": "strided_slice", "Slice": "slice",
}  # fmt: skip
"""Classes of primitives whose instances pass sizes on, and the function that each is."""

ARITHMETIC = {"Mul": "mul", "Div": "div", "RealDiv": "div"}
"""The same of those that multiply by real numbers, where the network's own code calls them."""

CREATING = frozenset(
    {
        "zeros",
        "ones",
        "full",
        "rand",
        "randn",
        "arange",
        "linspace",
        "eye",
        "empty",
        "fill",
        "new_zeros",
        "new_ones",
        "new_full",
        "scalar_to_tensor",
    }
)
"""Functions that make a tensor out of sizes alone: no operator shows them."""

WHOLE = ("split",)
"""Functions that pass on what was not in the code: what they call belongs to them."""


class ApiCallTracker:
    """Keeps the innermost call at hand for whoever records operators.

    Args:
        number: Gives the number of a recorded tensor, or None for one that is not recorded.
        created: Is told what a function of ``CREATING`` returned, while `asked` is its call.
    """

    def __init__(self, number: Callable[[Tensor], int | None], created: Callable[[str, Any], None]) -> None:
        self.api_call = ApiCall()
        self.uses = Uses(framework=("mindspore",), literal=literal, libraries=(*LIBRARIES, "mindspore"))
        self._number, self._created = number, created
        self._quiet = False

    def call(self, name: str, plain: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Call a function; what runs in its course belongs to it."""
        if self._quiet or self.api_call.name in WHOLE:
            return plain(*args, **kwargs)
        outer, self.api_call = self.api_call, ApiCall(name, args, kwargs)
        try:
            out = plain(*args, **kwargs)
            if name in CREATING and isinstance(out, Tensor):
                with self.quiet():
                    self._created(name, out)
            return out
        finally:
            self.api_call = outer

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """Inside the block, which is none of the network's code, shapes are plain and calls are not kept."""
        before, self._quiet = self._quiet, True
        try:
            yield
        finally:
            self._quiet = before

    def sizes(self, tensor: Tensor, shape: Sequence[int]) -> tuple[int, ...]:
        """The shape of a tensor, with origins where it is a recorded one."""
        if self._quiet:
            return tuple(shape)
        with self.quiet():
            number = self._number(tensor)
        if number is None:
            return tuple(shape)
        return tuple(SymInt(size, Extent(size, number, axis), self.uses) for axis, size in enumerate(shape))

    def count(self, tensor: Tensor, plain: int) -> int:
        """The number of positions of a tensor, the product of its sizes."""
        sizes = tensor.shape
        return reduce(mul, sizes) if any(isinstance(size, SymInt) for size in sizes) else plain

    @contextmanager
    def watching(self, cells: Mapping[str, Any]) -> Iterator[None]:
        """Inside the block calls are seen, also through what these cells hold and what their modules imported."""
        modules = list(dict.fromkeys(type(cell).__module__ for cell in cells.values()))
        undo: list[Callable[[], None]] = []
        try:
            self._watch_tensors(undo)
            self._watch_arrays(undo)
            self._watch_primitives(undo)
            seen = self._watch_functions(modules, undo)
            with seen_functions(cells, self.uses, nn.Cell, seen):
                yield
        finally:
            for step in reversed(undo):
                step()

    def _watch_tensors(self, undo: list[Callable[[], None]]) -> None:
        plain = Tensor.__dict__["shape"]
        _set(Tensor, "shape", property(lambda tensor: self.sizes(tensor, plain.fget(tensor))), undo)
        count = Tensor.__dict__["size"]
        _set(Tensor, "size", property(lambda tensor: self.count(tensor, count.fget(tensor))), undo)
        for name in ("numel", "nelement"):
            _set(Tensor, name, lambda tensor: tensor.size, undo)
        for name in METHODS:
            if hasattr(Tensor, name):
                _set(Tensor, name, self._seen(name, getattr(Tensor, name)), undo)

    def _watch_arrays(self, undo: list[Callable[[], None]]) -> None:
        """Tensors made of arrays that know their sizes are as those made of the sizes; some are made of one size."""
        made, of = Tensor.__init__, Tensor.from_numpy

        @functools.wraps(made)
        def init(tensor: Tensor, *args: Any, **kwargs: Any) -> None:
            made(tensor, *args, **kwargs)
            given = args[0] if args else kwargs.get("input_data")
            self._made_of(given, tensor)
            if not self._quiet and isinstance(given, (SymInt, float)):
                self.call("scalar_to_tensor", lambda *_, **__: tensor, (given,), {})

        _set(Tensor, "__init__", init, undo)
        _set(Tensor, "from_numpy", staticmethod(lambda array: self._made_of(array, of(array))), undo)

    def _made_of(self, array: Any, tensor: Tensor) -> Tensor:
        sizes = array.sizes if isinstance(array, SizedArray) else None
        return tensor if sizes is None else self.call("zeros", lambda _: tensor, (sizes,), {})

    def _watch_primitives(self, undo: list[Callable[[], None]]) -> None:
        for name, function in {**PRIMITIVES, **ARITHMETIC}.items():
            kind = getattr(gen_ops_prim, name, None) or getattr(ops, name, None)
            if isinstance(kind, type) and issubclass(kind, Primitive):
                _set(kind, "__call__", self._seen_method(function, kind.__call__), undo)
        for name, asked in (("Shape", "shape"), ("Size", "size")):
            kind = getattr(array_ops, name, None) or getattr(ops, name)
            _set(kind, "__call__", _asking(kind.__call__, asked), undo)

    def _watch_functions(self, modules: Sequence[str], undo: list[Callable[[], None]]) -> dict[int, Any]:
        wrapped: dict[int, Any] = {}
        for home in (ops, mint):
            for name in FUNCTIONS:
                function = getattr(home, name, None)
                if inspect.isroutine(function):
                    wrapped.setdefault(id(function), self._seen(name, function))
        for namespace in [ops, mint, *(sys.modules[name] for name in modules if name in sys.modules)]:
            for key, value in list(vars(namespace).items()):
                if id(value) in wrapped:
                    _set(namespace, key, wrapped[id(value)], undo)
        return wrapped

    def _seen(self, name: str, plain: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(plain)
        def seen(*args: Any, **kwargs: Any) -> Any:
            return self.call(name, plain, args, kwargs)

        return seen

    def _seen_method(self, name: str, plain: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(plain)  # its signature says what it calls its arguments
        def seen(primitive: Any, *args: Any, **kwargs: Any) -> Any:
            if self.api_call.name and type(primitive).__name__ in ARITHMETIC:
                return plain(primitive, *args, **kwargs)  # a function's own, which has made tensors of its numbers
            return self.call(name, lambda *a, **k: plain(primitive, *a, **k), args, kwargs)

        return seen


def _asking(plain: Callable[..., Any], name: str) -> Callable[..., Any]:
    """A primitive's call that asks tensors themselves for a property."""
    return lambda primitive, x: getattr(x, name) if isinstance(x, Tensor) else plain(primitive, x)


def _set(owner: Any, name: str, value: Any, undo: list[Callable[[], None]]) -> None:
    """Set an attribute of a class or module for a while; one that was inherited is so again afterwards."""
    own, had = vars(owner).get(name), name in vars(owner)
    setattr(owner, name, value)
    undo.append(lambda: setattr(owner, name, own) if had else delattr(owner, name))
