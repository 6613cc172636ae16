"""MindSpore in a process of its own: silent at exit, and an operator's error is raised at that operator."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from prunekit.plugins.backends.mindspore import process_setup  # noqa: F401 - says that this file needs MindSpore


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


@pytest.mark.parametrize("imported", ["", "import mindspore"])
def test_the_log_is_silent_whoever_imported_the_framework_first(imported):
    code = (
        f"{imported}\nfrom prunekit.plugins.backends.mindspore import process_setup\n"
        "import mindspore\n"
        "try: mindspore.set_device('GPU')\n"  # whose Python side logs errors
        "except Exception: pass\n"
        "import numpy as np\nfrom mindspore import Tensor, nn\n"
        "try: nn.Unfold([1, 3, 3, 1], [1, 1, 1, 1], [1, 1, 1, 1])(Tensor(np.zeros((1, 8, 16, 16), np.float32)))\n"
        "except Exception: pass\n"
    )
    environment = {key: value for key, value in os.environ.items() if key != "GLOG_v"}
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=120)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_a_level_that_the_user_sets_stays():
    code = (
        "import mindspore\nfrom prunekit.plugins.backends.mindspore import process_setup\nmindspore.log.warning('seen')"
    )
    assert "seen" in python(code, GLOG_v="2").stderr
