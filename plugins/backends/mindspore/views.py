"""Views as tensors of their own, which later operators leave what they are: a write into one reaches the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from mindspore import Tensor

_VIEW, _WRITES = "prunekit.view", "prunekit.writes"
_LAYING_OUT_ANEW = ("Reshape", "View", "Flatten", "FlattenExt")


@dataclass(frozen=True)
class _View:
    """Of which tensor another one is a view.

    Attributes:
        base: The tensor behind it.
        again: Makes the view of another tensor of that shape.
        strided: Whether the places of the original lie apart in memory; reshaping it makes a copy.
        writes: How often ``base`` had been written when the view was last read.
    """

    base: Tensor
    again: Callable[[Tensor], Tensor]
    strided: bool
    writes: int


def copied(out: Any, name: str, base: Tensor, again: Callable[[Tensor], Any]) -> Any:
    """What an operator made of ``base``, each view replaced by a tensor that remembers what it is a view of."""
    if isinstance(out, (list, tuple)):
        return type(out)(copied(part, name, base, _numbered(again, k)) for k, part in enumerate(out))
    if not isinstance(out, Tensor):
        return out
    copy, behind = Tensor(out.asnumpy()), base._get_user_data(_VIEW)
    strided = behind is not None and behind.strided
    # what was looked up by index, even by a list of places, is put back by MindSpore when it is written
    put_back = getattr(out, "parent_tensor_", None) is not None
    shared = put_back or out.untyped_storage().data_ptr() == base.untyped_storage().data_ptr()
    if shared and not (strided and name in _LAYING_OUT_ANEW):
        view = _View(base, again, strided or not out.is_contiguous(), _writes(base))
        copy._set_user_data(_VIEW, view)
    return copy


def _numbered(again: Callable[[Tensor], Any], number: int) -> Callable[[Tensor], Any]:
    return lambda x: again(x)[number]


def base_of(tensor: Tensor) -> Tensor | None:
    """The tensor of which another one is a view, or None."""
    view = tensor._get_user_data(_VIEW)
    return None if view is None else view.base


def current(value: Any) -> Any:
    """The arguments of an operator, after views among them have got what was written into the tensors behind them."""
    if isinstance(value, Tensor):
        view = value._get_user_data(_VIEW)
        if view is not None and _writes(current(view.base)) != view.writes:
            value.assign_value(Tensor(view.again(view.base).asnumpy()))
            _note(value, view)
    elif isinstance(value, (list, tuple)):
        for part in value:
            current(part)
    return value


def write(plain: Callable[[Tensor, Any, Any], None], tensor: Tensor, key: Any, value: Any) -> None:
    """``tensor[key] = value``, and the same in the tensors of which that is a view."""
    current((tensor, value))
    plain(tensor, key, value)
    there = Tensor(np.zeros(tensor.shape, np.float32))
    plain(there, key, 1)
    flags = there.asnumpy() > 0
    _count(tensor)
    while (view := tensor._get_user_data(_VIEW)) is not None:
        base, values = view.base, np.array(view.base.asnumpy())
        places = view.again(Tensor(np.arange(values.size).reshape(values.shape))).asnumpy()[flags]
        values.flat[places] = tensor.asnumpy()[flags]
        base.assign_value(Tensor(values))
        _count(base)
        _note(tensor, view)
        flags = np.isin(np.arange(values.size).reshape(values.shape), places)
        tensor = base


def _writes(tensor: Tensor) -> int:
    return tensor._get_user_data(_WRITES) or 0


def _count(tensor: Tensor) -> None:
    tensor._set_user_data(_WRITES, _writes(tensor) + 1)


def _note(tensor: Tensor, view: _View) -> None:
    """Remember that a view has been brought in line with the tensor behind it; its own views have not."""
    tensor._set_user_data(_VIEW, _View(view.base, view.again, view.strided, _writes(view.base)))
    _count(tensor)
