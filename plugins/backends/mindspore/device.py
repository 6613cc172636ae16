"""The devices of a yml in MindSpore's words."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator

import mindspore

from prunekit.plugins.backends.mindspore.error_messages import without_stack
from prunekit.registry import PrunekitError

_ASCEND, _GUIDE = "ASCEND_RT_VISIBLE_DEVICES", "NPU_VISIBLE_DEVICES"
_TARGETS = {"CPU": "CPU", "GPU": "GPU", "NPU": "Ascend"}
_SETUP = {
    "Ascend": "are the driver and CANN set up (npu-smi info; source set_env.sh), and may this process see a card"
    " (ASCEND_RT_VISIBLE_DEVICES, NPU_VISIBLE_DEVICES)?",
    "GPU": "MindSpore's packages for GPUs are those of version 2.2 and older",
}


class DeviceError(PrunekitError, RuntimeError):
    """The device that was asked for is not there."""


def device_in_use() -> str:
    """The device that MindSpore uses in this process, in the words of a yml."""
    target = mindspore.get_context("device_target")
    return next((device for device, name in _TARGETS.items() if name == target), "CPU")


def use_device(device: str) -> str:
    """Let MindSpore run on ``CPU``, ``GPU`` or ``NPU`` from now on, and return its own name for that.

    MindSpore has one device a process. ``DEVICE_ID`` in the environment chooses among NPUs, of those that
    ``NPU_VISIBLE_DEVICES`` leaves, or MindSpore's own ``ASCEND_RT_VISIBLE_DEVICES`` where that is set.

    Raises:
        DeviceError: It is not there.
    """
    target = _TARGETS[device]
    if target == mindspore.get_context("device_target") == "CPU":
        return target
    visible = _visible() if target == "Ascend" else None
    number = (_number(visible),) if target == "Ascend" else ()
    before = os.environ.get(_ASCEND)
    if visible is not None:
        os.environ[_ASCEND] = ",".join(visible)
    try:
        with _quiet():
            mindspore.set_device(target, *number)
    except Exception as problem:  # not installed, no card, or another device is in use already: each its own error
        if visible is not None and before is None:
            del os.environ[_ASCEND]
        hint = f"; {_SETUP[target]}" if target in _SETUP else ""
        raise DeviceError(
            f"no {device} that MindSpore can use was found ({_first_sentence(problem)}){hint}; or choose -d CPU"
        ) from problem
    return target


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Inside the block MindSpore's Python side logs nothing: what goes wrong is raised."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


def _visible() -> list[str] | None:
    """The cards that this process may use, or None for all; MindSpore's own variable wins over the guide's."""
    name = _ASCEND if os.environ.get(_ASCEND) else _GUIDE
    named = os.environ.get(name)
    if not named:
        return None
    cards = [card.strip() for card in named.split(",") if card.strip()]
    if not all(card.isdecimal() for card in cards):
        raise DeviceError(f"{name}={named}: give numbers of cards, such as 0,1")
    return cards


def _number(visible: list[str] | None) -> int:
    chosen = os.environ.get("DEVICE_ID")
    if not chosen:
        return 0
    if not chosen.isdecimal() or (visible is not None and int(chosen) >= len(visible)):
        name = _ASCEND if os.environ.get(_ASCEND) else _GUIDE
        sees = "" if visible is None else f"; {name} leaves {len(visible)}"
        raise DeviceError(f"DEVICE_ID={chosen}: there is no such NPU{sees}, numbered from 0")
    return int(chosen)


def _first_sentence(problem: Exception) -> str:
    """What MindSpore says, without the stack of its C++ side."""
    text = without_stack(str(problem)).strip()
    return (text.splitlines() or [type(problem).__name__])[0].partition(". ")[0].rstrip(".")
