from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from prunekit.plugins.backends.pytorch.forward import call, evaluating, run, to_numpy


class Recorder(nn.Module):
    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return args, kwargs


def test_call_follows_the_contract() -> None:
    one, two = np.zeros((2, 3), np.float64), np.ones((2,), np.int64)
    args, kwargs = call(Recorder(), one, "cpu")
    assert isinstance(args[0], Tensor) and args[0].dtype == torch.float64 and len(args) == 1 and not kwargs
    args, kwargs = call(Recorder(), (one, two), "cpu")
    assert [arg.dtype for arg in args] == [torch.float64, torch.int64]
    args, kwargs = call(Recorder(), {"x": one, "flag": True}, "cpu")
    assert not args and torch.equal(kwargs["x"], torch.zeros(2, 3, dtype=torch.float64)) and kwargs["flag"] is True
    args, kwargs = call(Recorder(), [one, torch.ones(1)], "cpu")
    assert len(args) == 1 and isinstance(args[0], list) and isinstance(args[0][0], Tensor)


def test_read_only_and_strided_arrays_are_taken() -> None:
    array = np.arange(6.0).reshape(2, 3)[:, ::-1]
    array.flags.writeable = False
    args, _ = call(Recorder(), array, "cpu")
    assert args[0].tolist() == [[2, 1, 0], [5, 4, 3]]
    args, _ = call(Recorder(), (np.float32(2), np.bool_(True)), "cpu")
    assert args[0].dtype == torch.float32 and args[1].dtype == torch.bool


def test_to_numpy_goes_into_structures() -> None:
    value = {"a": [torch.ones(2, requires_grad=True)], "b": (torch.ones(1, dtype=torch.bfloat16), 3)}
    found = to_numpy(value)
    assert isinstance(found["a"][0], np.ndarray) and found["b"][0].dtype == np.float32 and found["b"][1] == 3


def test_run_evaluates_without_gradients_and_restores_every_mode() -> None:
    network = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.9), nn.BatchNorm1d(2))
    network[2].eval()
    modes = [module.training for module in network.modules()]
    data = [(np.ones((4, 2), np.float32), np.arange(4))] * 2
    for outputs, target in run(network, data, "cpu"):
        assert isinstance(outputs, np.ndarray) and target.tolist() == [0, 1, 2, 3]
        assert not network[1].training and torch.is_grad_enabled()
    assert [module.training for module in network.modules()] == modes == [True, True, True, False]
    assert not network[2].num_batches_tracked


def test_modes_are_restored_after_an_error_and_after_closing() -> None:
    network = nn.Linear(2, 2)
    with pytest.raises(RuntimeError), evaluating(network):
        raise RuntimeError
    assert network.training
    stream = run(network, [(np.ones((1, 2), np.float32), 0)] * 3, "cpu")
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert network.training
