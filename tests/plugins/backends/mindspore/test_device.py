"""Device names and environment variables choose MindSpore's device; one that is not there is refused in one line."""

from __future__ import annotations

import os

import mindspore
import pytest

from prunekit.plugins.backends.mindspore.backend import MindsporeBackend
from prunekit.plugins.backends.mindspore.device import DeviceError, use_device


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


def test_a_device_that_is_refused_leaves_nothing_behind(monkeypatch, capfd):
    if mindspore.hal.is_available("Ascend"):
        pytest.skip("there is one")
    monkeypatch.delenv("ASCEND_RT_VISIBLE_DEVICES", raising=False)
    monkeypatch.setenv("NPU_VISIBLE_DEVICES", "3")
    with pytest.raises(DeviceError, match="choose -d CPU"):
        use_device("NPU")
    assert "ASCEND_RT_VISIBLE_DEVICES" not in os.environ
    assert capfd.readouterr() == ("", "")


def test_a_network_is_used_where_mindspore_is(monkeypatch):
    monkeypatch.setattr(mindspore, "get_context", lambda name: "Ascend")
    monkeypatch.setattr(mindspore, "set_device", lambda *_: pytest.fail("the process has its device"))
    assert MindsporeBackend().device == "NPU"
