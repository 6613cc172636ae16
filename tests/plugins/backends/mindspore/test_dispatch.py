"""The front end shows every operator, and leaves MindSpore as it was."""

from __future__ import annotations

import threading

import mindspore
import numpy as np
import pytest
from mindspore import Tensor, mint, nn, ops
from mindspore.ops.auto_generate.pyboost_inner_prim import _PyboostConcatPrim

from prunekit.plugins.backends.mindspore import dispatch
from prunekit.plugins.backends.mindspore.api_calls import ApiCallTracker
from prunekit.plugins.backends.mindspore.backend import MindsporeBackend
from prunekit.plugins.backends.mindspore.dispatch import Dispatched, FrontEndError, dispatching

X = Tensor(np.arange(48, dtype=np.float32).reshape(2, 4, 3, 2))


def seen(function):
    """The names of the operators that run, and what came out."""
    names = []

    def handler(operator: Dispatched):
        names.append(operator.name)
        return operator.run(operator.args)

    with dispatching(handler):
        out = function()
    return names, out


@pytest.mark.parametrize(
    ("function", "names"),
    [
        (lambda: X + X, ["AddExt"]),
        (lambda: ops.relu(X), ["ReLU"]),
        (lambda: X[:, :2], ["__getitem__"]),
        (lambda: X[:, 1], ["__getitem__"]),
        (lambda: X[..., None, ::2], ["__getitem__"]),
        (lambda: ops.cat([X, X], 1), ["Concat"]),
        (lambda: ops.cat((X, X), 1), ["Concat"]),
        (lambda: mint.cat([X, X], 1), ["Concat"]),
        (lambda: ops.reshape(X, (2, 2, 2, 6)), ["Reshape"]),
        (lambda: X.view(2, 24), ["Reshape"]),
        (lambda: ops.split(X, 2, 1), ["Split"]),
        (lambda: ops.Transpose()(X, (0, 2, 3, 1)), ["Transpose"]),
        (lambda: mindspore.jit(lambda x: ops.relu(x) + x)(X), ["ReLU", "AddExt"]),  # compiled code runs as Python
    ],
)
def test_every_operator_is_seen_once_and_computes_the_same(function, names):
    found, out = seen(function)
    assert found == names
    plain = function()
    for a, b in zip(*(([t] if isinstance(t, Tensor) else list(t)) for t in (out, plain)), strict=True):
        assert np.array_equal(a.asnumpy(), b.asnumpy())


def test_writing_is_seen():
    target = Tensor(np.zeros((2, 4), np.float32))

    def write():
        target[:, 1] = 3.0

    assert seen(write)[0] == ["__setitem__"]
    assert target.asnumpy().tolist() == [[0, 3, 0, 0]] * 2


@pytest.mark.parametrize("view", [
    lambda x: ops.reshape(x, (2, 24)), lambda x: x.view(2, 24), lambda x: x.swapaxes(1, 2), lambda x: x[:, 1:],
    lambda x: ops.split(x, 2, 1)[1], lambda x: x.expand_dims(1), lambda x: mint.narrow(x, 1, 1, 2),
    lambda x: ops.unsqueeze(x, 0), lambda x: ops.unstack(x, 1)[0], lambda x: ops.broadcast_to(x, (3, 2, 4, 3, 2)),
])  # fmt: skip
@pytest.mark.parametrize("reader", [
    lambda x: ops.relu(x), lambda x: x + 1, lambda x: ops.cat([x, x], 0), lambda x: ops.mean(x, -1),
    lambda x: ops.matmul(x, Tensor(np.ones((x.shape[-1], 2), np.float32))),
])  # fmt: skip
def test_what_is_written_on_a_view_is_still_there_when_it_is_read(view, reader):
    """MindSpore copies a view to where an operator wants it, out of sight, and user data stays behind."""
    found = []

    def handler(operator: Dispatched):
        for tensor in operator.args:
            for each in tensor if isinstance(tensor, tuple) else [tensor]:
                if isinstance(each, Tensor):
                    found.append(each._get_user_data("test"))
        return operator.run(operator.args)

    with dispatching(handler):
        seen_view = view(X * 1)
        seen_view._set_user_data("test", 7)
        reader(seen_view)
    assert 7 in found


def state():
    return [
        vars(Tensor).get(name) for name in ("__getitem__", "__setitem__", "shape", "view", "reshape", "__mul__")
    ] + [_PyboostConcatPrim.__call__, nn.Cell.__call__, ops.reshape, ops.zeros, mint.split, ops.Reshape.__call__]


@pytest.mark.parametrize("fails", [False, True])
def test_everything_is_put_back(fails):
    class Net(nn.Cell):
        def construct(self, x):
            if fails:
                raise ValueError("its own")
            return ops.cat([x[:, :2], x.view(x.shape)[:, 2:]], 1)

    before = state()
    network = Net()
    try:
        MindsporeBackend().record(network, X.asnumpy())
    except ValueError as problem:
        assert str(problem) == "its own"
    assert all(a is b for a, b in zip(before, state(), strict=True))
    assert type(X.shape[0]) is int


def test_a_recording_within_a_recording_is_refused_nothing():
    """The handler's own operators are not handed to it."""
    calls = []

    def handler(operator: Dispatched):
        calls.append(operator.name)
        ops.relu(X)[0]
        return operator.run(operator.args)

    with dispatching(handler):
        X + X
    assert calls == ["AddExt"]


def test_a_version_without_the_dispatch_mode(monkeypatch):
    monkeypatch.delattr(mindspore.utils, "MsDispatchMode")
    monkeypatch.delattr(mindspore, "MsDispatchMode", raising=False)
    with pytest.raises(FrontEndError, match=r"does not show which operators.*pip install 'prunekit\[mindspore\]'"):
        MindsporeBackend().record(nn.ReLU(), X.asnumpy())


def test_a_version_that_joins_otherwise(monkeypatch):
    monkeypatch.delattr("mindspore.ops.auto_generate.pyboost_inner_prim._PyboostConcatPrim")
    with pytest.raises(FrontEndError, match="joins tensors in another way"), dispatching(lambda it: it.run(it.args)):
        pass
    assert dispatch.Tensor.__getitem__ is Tensor.__getitem__


def test_sizes_know_where_they_come_from():
    known = {id(X): 5}
    asking = ApiCallTracker(lambda tensor: known.get(id(tensor)), lambda name, out: None)
    with asking.watching({}):
        batch, channels, *_ = X.shape
        assert (channels // 2).origin.left.tensor == 5 and channels.origin.axis == 1
        assert ops.Shape()(X)[0].origin.axis == 0
        with asking.quiet():
            assert type(X.shape[0]) is int
        assert ops.zeros((batch, channels)).shape == (2, 4)
        assert asking.api_call.name == ""
    assert type(X.shape[0]) is int


def test_recordings_in_two_threads_do_not_meet():
    """The second waits until MindSpore's classes are back, which is itself not made for several threads."""
    before, entered = Tensor.__getitem__, threading.Event()

    def record() -> None:
        with dispatching(lambda operator: operator.run(operator.args)):
            entered.set()

    with dispatching(lambda operator: operator.run(operator.args)):
        other = threading.Thread(target=record)
        other.start()
        assert not entered.wait(0.3)
    other.join(10)
    assert entered.is_set() and Tensor.__getitem__ is before
