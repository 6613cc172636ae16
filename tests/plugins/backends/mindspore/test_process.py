"""What MindSpore does to the process that it runs in: what it says, remembers and draws."""

from __future__ import annotations

import os
import subprocess
import sys

import mindspore
import numpy as np
import pytest
from mindspore import nn, ops

from prunekit.plugins.backends.mindspore.backend import MindsporeBackend
from prunekit.plugins.backends.mindspore.device import DeviceError, use_device
from prunekit.plugins.backends.mindspore.errors import without_stack
from prunekit.plugins.backends.mindspore.seeding import seeded


class Net(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.drop = nn.Conv2d(3, 4, 3), nn.Dropout(p=0.5)

    def construct(self, x):
        return self.drop(self.conv(x))


def python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, **environment}, timeout=120
    )


def test_nothing_is_said_at_exit():
    code = (
        "import numpy as np; from mindspore import nn\n"
        "from prunekit.plugins.backends.mindspore.backend import MindsporeBackend\n"
        "network = MindsporeBackend().build(nn.Conv2d, {'in_channels': 3, 'out_channels': 4, 'kernel_size': 3}, 0)\n"
        "kept = [network, [*MindsporeBackend().run(network, [(np.zeros((1, 3, 8, 8), np.float32), 0)])]]\n"
    )
    ended = python(code)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_an_error_is_raised_where_it_is_made_and_without_the_stack_of_cpp():
    class Wrong(nn.Cell):
        def construct(self, x):
            ops.matmul(x, x)  # does not fit
            raise AssertionError("a later line")

    with pytest.raises(Exception) as raised:
        list(MindsporeBackend().run(Wrong(), [(np.zeros((2, 3), np.float32), 0)]))
    text = str(raised.value)
    assert "a later line" not in text and text
    assert "C++" not in text and "----" not in text and ".cc:" not in text


def test_a_missing_kernel_is_reported_at_its_operator():
    """Without synchronous launching, which needs a process of its own, the next line would be blamed."""
    code = (
        "import numpy as np; from mindspore import mint, nn\n"
        "from prunekit.plugins.backends.mindspore.backend import MindsporeBackend\n"
        "class Net(nn.Cell):\n"
        "    def __init__(self):\n"
        "        super().__init__(); self.conv = mint.nn.Conv2d(3, 4, 3)\n"
        "    def construct(self, x):\n"
        "        y = self.conv(x)\n"
        "        print('a later line'); return y\n"
        "try:\n"
        "    list(MindsporeBackend().run(Net(), [(np.zeros((1, 3, 8, 8), np.float32), 0)]))\n"
        "except Exception as problem: print(str(problem))\n"
    )
    ended = python(code)
    assert "a later line" not in ended.stdout
    assert "Conv2D" in ended.stdout and "C++" not in ended.stdout


def test_stacks_are_cut_off():
    ruler = "-" * 52
    stack = f"{ruler}\n- C++ Call Stack: (For framework developers)\n{ruler}\nconv.cc:210 Infer\n"
    text = f"For 'Conv2D', it is wrong.\n\n{stack}"
    assert without_stack(text) == "For 'Conv2D', it is wrong."
    assert without_stack("plain") == "plain"


def test_random_numbers_are_left_as_they_were():
    mindspore.set_seed(5)
    before = np.random.get_state()[1].tolist(), mindspore.get_seed()
    with seeded(3):
        first = MindsporeBackend().build(Net, {}, 1).conv.weight.asnumpy(), np.random.rand()
    assert (np.random.get_state()[1].tolist(), mindspore.get_seed()) == before
    with seeded(3):
        second = MindsporeBackend().build(Net, {}, 1).conv.weight.asnumpy(), np.random.rand()
    assert first[1] == second[1] and np.array_equal(first[0], second[0])
    assert not np.array_equal(first[0], MindsporeBackend().build(Net, {}, 2).conv.weight.asnumpy())


@pytest.mark.parametrize("device", ["NPU", "GPU"])
def test_a_device_that_is_not_there(device):
    if mindspore.hal.is_available({"NPU": "Ascend", "GPU": "GPU"}[device]):
        pytest.skip("there is one")
    with pytest.raises(DeviceError, match=f"no {device} that MindSpore can use was found.*choose -d CPU") as raised:
        MindsporeBackend(device)
    assert "\n" not in str(raised.value) and "C++" not in str(raised.value)
    assert mindspore.get_context("device_target") == "CPU"


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"DEVICE_ID": "x"}, "DEVICE_ID=x: there is no such NPU, numbered from 0"),
        ({"DEVICE_ID": "2", "NPU_VISIBLE_DEVICES": "0,1"}, "DEVICE_ID=2: .*; NPU_VISIBLE_DEVICES leaves 2, numbered"),
        ({"NPU_VISIBLE_DEVICES": "all"}, "NPU_VISIBLE_DEVICES=all: give numbers of cards, such as 0,1"),
    ],
)
def test_variables_of_the_guide(monkeypatch, variables, said):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(DeviceError, match=said):
        use_device("NPU")


def test_variables_reach_mindspore(monkeypatch):
    asked = []
    monkeypatch.setattr(mindspore, "set_device", lambda *device: asked.append(device))
    monkeypatch.delenv("ASCEND_RT_VISIBLE_DEVICES", raising=False)
    monkeypatch.setenv("NPU_VISIBLE_DEVICES", "4,5")
    monkeypatch.setenv("DEVICE_ID", "1")
    assert use_device("NPU") == "Ascend"
    assert asked == [("Ascend", 1)] and os.environ["ASCEND_RT_VISIBLE_DEVICES"] == "4,5"
    monkeypatch.delenv("ASCEND_RT_VISIBLE_DEVICES")


@pytest.mark.slow
def test_memory_stays_flat_over_100_candidates():
    import psutil

    from prunekit import PrunePlan
    from prunekit.core.parsing.parse import parse
    from prunekit.core.testing import random_plan
    from prunekit.model_zoo.cifar_resnet.mindspore import ResNet20

    backend, images = MindsporeBackend(), np.random.default_rng(0).random((16, 3, 32, 32), np.float32)
    network = backend.build(ResNet20, {}, 0)
    graph = parse(backend, network, images[:1])
    used = []
    for number in range(110):
        plan: PrunePlan = random_plan(graph, np.random.default_rng(number))
        small = backend.recalibrate(backend.prune(network, graph, plan), [(images, 0)])
        list(backend.run(small, [(images, 0)]))
        used.append(psutil.Process().memory_info().rss / 2**20)
    print(f"after 10 candidates {used[9]:.0f} MiB, after 110 {used[-1]:.0f} MiB")
    assert used[-1] - used[9] < 20
