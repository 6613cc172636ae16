"""The devices of a yml in PyTorch's words."""

from __future__ import annotations

import importlib
import os
from typing import Any

import torch

from prunekit.registry import PrunekitError
from prunekit.registry.errors import described


class DeviceError(PrunekitError, RuntimeError):
    """The device that was asked for is not there."""


def torch_device(device: str) -> torch.device:
    """The device that ``CPU``, ``GPU`` or ``NPU`` names; ``DEVICE_ID`` in the environment chooses among NPUs.

    Raises:
        DeviceError: It is not there.
    """
    if device == "NPU":
        return _npu()
    if device == "GPU" and not torch.cuda.is_available():
        raise DeviceError("no GPU that PyTorch can use was found; choose -d CPU, or install a CUDA build of torch")
    return torch.device({"CPU": "cpu", "GPU": "cuda"}[device])


def _npu() -> torch.device:
    try:
        importlib.import_module("torch_npu")  # importing it gives torch its device "npu"
        npu: Any = torch.get_device_module("npu")
    except Exception as problem:  # not installed, of another torch, or a library of CANN that does not load
        raise DeviceError(
            f"no NPU can be used: torch_npu cannot be imported ({described(problem)});"
            f" install the torch_npu that fits torch {torch.__version__}, or choose -d CPU"
        ) from problem
    if not npu.is_available():
        raise DeviceError(
            "no NPU was found: torch_npu is there, but sees no card; are the driver and CANN set up (npu-smi info), and"
            " may this process see a card (ASCEND_RT_VISIBLE_DEVICES)? Or choose -d CPU"
        )
    chosen = os.environ.get("DEVICE_ID")
    if not chosen:
        return torch.device("npu")
    cards = int(npu.device_count())
    if not chosen.isdecimal() or int(chosen) >= cards:
        raise DeviceError(f"DEVICE_ID={chosen}: there is no such NPU; this process sees {cards}, numbered from 0")
    npu.set_device(int(chosen))  # also what torch_npu allocates by itself shall lie there
    return torch.device("npu", int(chosen))
