"""Errors of MindSpore reach the user without the stack of its C++ side, and say what to do where that is known."""

from __future__ import annotations

import numpy as np
import pytest
from mindspore import Tensor, nn, ops
from mindspore_cases import Scaled

from prunekit import trace
from prunekit.plugins.backends.mindspore.backend import MindsporeBackend
from prunekit.plugins.backends.mindspore.error_messages import without_stack
from prunekit.plugins.trainers.mindspore.trainer import Trainer

BACKEND = MindsporeBackend()
X = np.random.default_rng(0).random((2, 3, 6, 6), np.float32)


def test_stacks_are_cut_off():
    ruler = "-" * 52
    stack = f"{ruler}\n- C++ Call Stack: (For framework developers)\n{ruler}\nconv.cc:210 Infer\n"
    text = f"For 'Conv2D', it is wrong.\n\n{stack}"
    assert without_stack(text) == "For 'Conv2D', it is wrong."
    assert without_stack("plain") == "plain"


def test_what_is_said_in_a_section_only_is_kept():
    ruler = "-" * 52
    stack = f"{ruler}\n- C++ Call Stack: (For framework developers)\n{ruler}\ncpu_device_context.cc:469 Set\n"
    said = "Unsupported op [Some] on CPU, Please confirm.\nnode: 1"
    text = f"\n{ruler}\n- Kernel select failed:\n{ruler}\n{said}\n\n{stack}"
    assert without_stack(text) == said
    assert without_stack(stack) == "cpu_device_context.cc:469 Set"  # better than nothing
    assert without_stack(f"\n{ruler}\n- Memory not enough:\n{ruler}\n\n{stack}") == "cpu_device_context.cc:469 Set"


def test_an_operator_without_a_kernel_is_named():
    class Unfolds(Scaled):
        def __init__(self):
            super().__init__()
            self.unfold = nn.Unfold([1, 3, 3, 1], [1, 1, 1, 1], [1, 1, 1, 1])

        def construct(self, x):
            return self.unfold(self.a(x))

    with pytest.raises(RuntimeError, match=r"^Unsupported op \[ExtractImagePatches\] on CPU") as raised:
        trace(BACKEND.build(Unfolds, {}, 0), X)
    assert "C++" not in str(raised.value) and "----" not in str(raised.value)


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


def test_a_loss_of_the_users_that_fails_shows_no_stack_of_cpp():
    class Own(Scaled):
        def loss(self, outputs, target):
            return ops.matmul(outputs, Tensor(np.ones((99, 99), np.float32))).sum()

    with pytest.raises(Exception) as raised:
        Trainer(epochs=1).fit(BACKEND.build(Own, {}, 0), lambda epoch: [(X, np.zeros(2))])
    assert "C++" not in str(raised.value) and ".cc" not in str(raised.value)


def test_a_limit_of_mindspores_own_comes_with_what_to_do():
    class Stepped(Scaled):
        def construct(self, x):
            return ops.mean(self.a(x)[:, :, ::2, ::2], (2, 3))

    with pytest.raises(Exception, match=r"StridedSliceGrad.*nn\.MaxPool2d\(1, step\) takes the same"):
        Trainer(epochs=1).fit(BACKEND.build(Stepped, {}, 0), lambda epoch: [(X, np.zeros(2))])
