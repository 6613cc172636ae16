"""Sees every operator that MindSpore runs: the front end that recording, masking and observing stand on.

MindSpore's dispatch mode is experimental. What it does not show is patched for the time of a recording, and put back.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import mindspore
from mindspore import Tensor
from mindspore.ops.primitive import Primitive

from prunekit.plugins.backends.mindspore import views
from prunekit.registry import PrunekitError

INDEX, WRITE = "__getitem__", "__setitem__"

ONE_AT_A_TIME = threading.RLock()
"""Held while classes of MindSpore are patched, which holds for the whole process."""

_VIEWS = (
    "Reshape Transpose TransposeView Split SplitTensor SplitTensorView SplitWithSize SplitWithSizeView "
    "Squeeze ExpandDims ExpandDimsView Unstack UnstackExtView Slice SliceExt SliceExtView Select "
    "SelectExtView BroadcastTo BroadcastToView ExpandAs View Narrow NarrowView Diagonal TransposeExtView "
    "Chunk ChunkView Unbind UnbindExt StridedSlice Flatten FlattenExt"
)
VIEWS = frozenset(_VIEWS.split())
"""Operators whose results a later operator replaces by a contiguous copy, out of sight."""


class FrontEndError(PrunekitError, RuntimeError):
    """This version of MindSpore does not show which operators run."""


@dataclass(frozen=True)
class Dispatched:
    """An operator that is about to run.

    Attributes:
        name: MindSpore's name for it; ``__getitem__`` and ``__setitem__`` are indexing.
        primitive: The primitive with its attributes, where it was called through one.
        args: Its arguments; tensors among them are those that the network's code has.
        run: Runs it with other arguments, or these, in this form.
    """

    name: str
    primitive: Any
    args: tuple[Any, ...]
    run: Callable[[tuple[Any, ...]], Any]


Handler = Callable[[Dispatched], Any]
"""What to do with an operator; returns what the network's code gets, as a rule ``it.run(it.args)``."""


@contextmanager
def dispatching(handler: Handler) -> Iterator[None]:
    """Inside the block every operator goes through the handler; what the handler runs itself does not.

    Raises:
        FrontEndError: This version of MindSpore has no dispatch mode, or another one.
    """
    mode = _mode()(handler)
    with ONE_AT_A_TIME, ExitStack() as undo:
        undo.enter_context(_replaced(Tensor, INDEX, _index(mode)))
        undo.enter_context(_replaced(Tensor, WRITE, _write(mode)))
        undo.enter_context(_replaced(Tensor, "var", _variance(mode)))
        concat = _concat_primitive()
        undo.enter_context(_replaced(concat, "__call__", _tuples_only(concat.__call__)))
        undo.enter_context(mode)
        yield


@contextmanager
def _replaced(owner: Any, name: str, value: Any) -> Iterator[None]:
    """An attribute of a class inside the block is another; one that was inherited is so again afterwards."""
    own = vars(owner).get(name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        if own is None:
            delattr(owner, name)
        else:
            setattr(owner, name, own)


def _mode() -> Any:
    """The dispatch mode that hands operators to a handler."""
    base = getattr(mindspore.utils, "MsDispatchMode", None) or getattr(mindspore, "MsDispatchMode", None)
    wanted = all(hasattr(Tensor, name) for name in ("_set_user_data", "_get_user_data"))
    if base is None or not wanted:
        raise FrontEndError(
            f"MindSpore {mindspore.__version__} does not show which operators a network runs (mindspore.utils."
            "MsDispatchMode), so its structure cannot be found; install mindspore 2.10:"
            " pip install 'prunekit[mindspore]'"
        )

    class Mode(base):  # type: ignore[misc, valid-type]
        def __init__(self, handler: Handler) -> None:
            super().__init__()
            self.handler, self.busy = handler, False

        def __ms_dispatch__(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any] | None = None) -> Any:
            if self.busy:
                return func(*args, **(kwargs or {}))
            return self.handle(_dispatched(func, args, kwargs or {}))

        def handle(self, operator: Dispatched) -> Any:
            self.busy = True
            try:
                return self.handler(operator)
            finally:
                self.busy = False

    return Mode


def _dispatched(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Dispatched:
    """Both layouts of arguments in one: ``(primitive, name, arguments)`` and the arguments alone."""
    classic = len(args) == 3 and isinstance(args[0], Primitive) and args[1] == func.name

    def plain(given: tuple[Any, ...]) -> Any:
        return func(*args[:2], given, **kwargs) if classic else func(*given, **kwargs)

    def run(given: tuple[Any, ...]) -> Any:
        out = plain(views.current(given))
        return views.copied(out, func.name, given[0], lambda x: plain((x, *given[1:]))) if func.name in VIEWS else out

    return Dispatched(func.name, args[0] if classic else None, tuple(args[2]) if classic else tuple(args), run)


def _index(mode: Any) -> Any:
    """Basic indexing shows no operator at all, or several."""
    plain = Tensor.__getitem__

    def run(given: tuple[Any, ...]) -> Any:
        x, key = views.current(given)
        return views.copied(plain(x, key), INDEX, x, lambda other: plain(other, key))

    def getitem(self: Tensor, key: Any) -> Any:
        return plain(self, key) if mode.busy else mode.handle(Dispatched(INDEX, None, (self, key), run))

    return getitem


def _write(mode: Any) -> Any:
    plain = Tensor.__setitem__

    def setitem(self: Tensor, key: Any, value: Any) -> None:
        if mode.busy:
            plain(self, key, value)
        else:
            mode.handle(Dispatched(WRITE, None, (self, key, value), lambda given: views.write(plain, *given)))

    return setitem


def _variance(mode: Any) -> Any:
    """``var`` of a tensor is a sum divided by a number, of which nobody would know that it is a size."""
    plain = Tensor.var

    def var(self: Tensor, *args: Any, **kwargs: Any) -> Any:
        settings = {"axis": None, "ddof": 0, "keepdims": False}
        if mode.busy or not kwargs.keys() <= settings.keys():  # by other names of its arguments it is an operator
            return plain(self, *args, **kwargs)
        settings = {**settings, **dict(zip(settings, args, strict=False)), **kwargs}
        whole = (self, *settings.values())
        return mode.handle(Dispatched("Var", None, whole, lambda given: plain(given[0], *args, **kwargs)))

    return var


def _concat_primitive() -> Any:
    """The class behind ``ops.cat``: the joining of a list shows no operator, that of a tuple does."""
    try:
        from mindspore.ops.auto_generate.pyboost_inner_prim import _PyboostConcatPrim
    except ImportError as problem:
        raise FrontEndError(
            f"MindSpore {mindspore.__version__} joins tensors in another way than 2.10, which prunekit knows; install"
            " mindspore 2.10: pip install 'prunekit[mindspore]'"
        ) from problem
    return _PyboostConcatPrim


def _tuples_only(plain: Any) -> Any:
    def call(self: Any, tensors: Any, *more: Any, **named: Any) -> Any:
        return plain(self, tuple(tensors) if isinstance(tensors, list) else tensors, *more, **named)

    return call
