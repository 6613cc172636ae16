from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

import prunekit.plugins.cost_estimators.flops
import prunekit.plugins.cost_estimators.params
import prunekit.plugins.rewards.acc_abs_latency
import prunekit.plugins.rewards.acc_flops
import prunekit.plugins.rewards.acc_latency
import prunekit.plugins.rewards.acc_params  # noqa: F401 - registered here where prunekit is not installed


@pytest.fixture(scope="session")
def fake():
    path = Path(__file__).with_name("fake_graph.py")
    spec = importlib.util.spec_from_file_location("fake_graph", path)
    module = sys.modules["fake_graph"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.make_fake()
