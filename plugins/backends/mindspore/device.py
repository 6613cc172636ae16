"""The devices of a yml in MindSpore's words."""

from __future__ import annotations

import os

import mindspore

from prunekit.plugins.backends.mindspore.errors import without_stack
from prunekit.registry import PrunekitError

_TARGETS = {"CPU": "CPU", "GPU": "GPU", "NPU": "Ascend"}
_SETUP = {
    "Ascend": "are the driver and CANN set up (npu-smi info; source set_env.sh), and may this process see a card"
    " (ASCEND_RT_VISIBLE_DEVICES, NPU_VISIBLE_DEVICES)?",
    "GPU": "MindSpore's packages for GPUs are those of version 2.2 and older.",
}


class DeviceError(PrunekitError, RuntimeError):
    """The device that was asked for is not there."""


def use_device(device: str) -> str:
    """Let MindSpore run on ``CPU``, ``GPU`` or ``NPU`` from now on, and return its own name for that.

    MindSpore has one device a process. ``DEVICE_ID`` in the environment chooses among NPUs, of those that
    ``NPU_VISIBLE_DEVICES`` leaves.

    Raises:
        DeviceError: It is not there.
    """
    target = _TARGETS[device]
    if target == mindspore.get_context("device_target") == "CPU":
        return target
    visible = _visible() if target == "Ascend" else None
    number = _number(visible) if target == "Ascend" else 0
    try:
        mindspore.set_device(target, number) if target == "Ascend" else mindspore.set_device(target)
    except Exception as problem:  # not installed, no card, or another device is in use already: each its own error
        raise DeviceError(
            f"no {device} that MindSpore can use was found ({_first_sentence(problem)});"
            f" {_SETUP.get(target, '')} Or choose -d CPU".replace("; Or", "; or")
        ) from problem
    return target


def _visible() -> list[str] | None:
    """The cards that the guide's variable names; MindSpore reads another one, which wins where it is set."""
    named = os.environ.get("NPU_VISIBLE_DEVICES")
    if not named:
        return None
    cards = [card.strip() for card in named.split(",") if card.strip()]
    if not all(card.isdecimal() for card in cards):
        raise DeviceError(f"NPU_VISIBLE_DEVICES={named}: give numbers of cards, such as 0,1")
    os.environ.setdefault("ASCEND_RT_VISIBLE_DEVICES", ",".join(cards))
    return cards


def _number(visible: list[str] | None) -> int:
    chosen = os.environ.get("DEVICE_ID")
    if not chosen:
        return 0
    if not chosen.isdecimal() or (visible is not None and int(chosen) >= len(visible)):
        sees = "" if visible is None else f"; NPU_VISIBLE_DEVICES leaves {len(visible)}"
        raise DeviceError(f"DEVICE_ID={chosen}: there is no such NPU{sees}, numbered from 0")
    return int(chosen)


def _first_sentence(problem: Exception) -> str:
    """What MindSpore says, without the stack of its C++ side."""
    text = without_stack(str(problem)).strip()
    return (text.splitlines() or [type(problem).__name__])[0].partition(". ")[0].rstrip(".")
