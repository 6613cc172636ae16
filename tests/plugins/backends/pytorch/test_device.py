"""The device names. There is no card here: a module in torch_npu's place stands in for one, in its own process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from prunekit.plugins.backends.pytorch.device import DeviceError, torch_device

# What torch_npu does to torch when it is imported, and the functions of it that we call.
FAKE = """\
import types, torch
torch.utils.rename_privateuse1_backend("npu")
module, log, cards = types.ModuleType("npu"), [], []
module.is_available = lambda: bool(cards)
module.device_count = lambda: len(cards)
module.set_device = lambda number: log.append(f"set {number}")
module.synchronize = lambda device=None: log.append(f"wait {device}")
module.get_rng_state = lambda device=None: log.append(f"save {device}")
module.set_rng_state = lambda state, device=None: log.append(f"restore {device}")
module.manual_seed_all = lambda seed: log.append("seed")
module._is_in_bad_fork = lambda: False
torch._register_device_module("npu", module)
"""
SCRIPT = """\
import os, torch
from prunekit.plugins.backends.pytorch.device import torch_device, DeviceError
from prunekit.plugins.cost_estimators.latency_pytorch import _wait
from prunekit.plugins.trainers.pytorch.trainer import _rng_type

def ask(chosen):
    os.environ["DEVICE_ID"] = chosen
    try:
        print(repr(torch_device("NPU")))
    except DeviceError as problem:
        print(problem)

ask("")
import torch_npu
torch_npu.cards += range(4)
for chosen in ("", "4", "first", "3"):
    ask(chosen)
device = torch_device("NPU")
torch_npu.log.clear()
_wait(device)
with torch.random.fork_rng([device], device_type=_rng_type(device)):
    torch.manual_seed(0)
print(*torch_npu.log, sep=", ")
"""


def test_the_cpu_and_a_gpu_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    assert torch_device("CPU") == torch.device("cpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(DeviceError, match="no GPU that PyTorch can use was found; choose -d CPU, or install a CUDA"):
        torch_device("GPU")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert torch_device("GPU") == torch.device("cuda")


def test_without_torch_npu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch_npu", None)
    with pytest.raises(DeviceError) as caught:
        torch_device("NPU")
    assert str(caught.value).startswith("no NPU can be used: torch_npu cannot be imported (ModuleNotFoundError: ")
    assert f"install the torch_npu that fits torch {torch.__version__}, or choose -d CPU" in str(caught.value)


def test_a_torch_npu_that_does_not_load(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "torch_npu.py").write_text("raise OSError('libascendcl.so: cannot open shared object file')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "torch_npu", raising=False)
    with pytest.raises(DeviceError, match=r"cannot be imported \(OSError: libascendcl\.so: cannot open"):
        torch_device("NPU")


def test_an_npu_is_chosen_waited_for_and_seeded(tmp_path: Path) -> None:
    (tmp_path / "torch_npu.py").write_text(FAKE)
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "PYTHONPATH": path}
    ended = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    no_card, *found = ended.stdout.splitlines()
    assert no_card.startswith("no NPU was found: torch_npu is there, but sees no card;")
    assert found == [
        "device(type='npu')",
        "DEVICE_ID=4: there is no such NPU; this process sees 4, numbered from 0",
        "DEVICE_ID=first: there is no such NPU; this process sees 4, numbered from 0",
        "device(type='npu', index=3)",
        "wait npu:3, save npu:3, seed, restore npu:3",
    ]


@pytest.mark.gpu
def test_a_gpu() -> None:
    assert torch.zeros(1, device=torch_device("GPU")).is_cuda
