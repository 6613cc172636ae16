"""MindSpore in a process of its own: silent at exit, and an operator's error is raised at that operator."""

from __future__ import annotations

import os
import subprocess
import sys

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
