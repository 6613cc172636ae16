"""The devices of a yml in PyTorch's words."""

from __future__ import annotations

import torch

from prunekit.registry import PrunekitError

_NAMES = {"CPU": "cpu", "GPU": "cuda", "NPU": "npu"}


class DeviceError(PrunekitError, RuntimeError):
    """The device that was asked for is not there."""


def torch_device(device: str) -> torch.device:
    """The device that ``CPU``, ``GPU`` or ``NPU`` names.

    Raises:
        DeviceError: It is not there.
    """
    if device == "GPU" and not torch.cuda.is_available():
        raise DeviceError("no GPU that PyTorch can use was found; choose -d CPU, or install a CUDA build of torch")
    if device == "NPU" and not hasattr(torch, "npu"):
        raise DeviceError("no NPU was found (torch_npu is not installed); choose -d CPU")
    return torch.device(_NAMES[device])
