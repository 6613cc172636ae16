"""Pruned networks: buffers lose the channels that go, and memory stays flat over many candidates."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from mindspore_cases import Scaled

from prunekit import PrunePlan, prune, trace
from prunekit.core.weights import load_weights
from prunekit.plugins.backends.mindspore.backend import MindsporeBackend

BACKEND = MindsporeBackend()
X = np.random.default_rng(0).random((2, 3, 6, 6), np.float32)


def test_a_buffer_goes_with_its_channels_and_into_the_file(tmp_path: Path):
    network = BACKEND.build(Scaled, {}, 0)
    graph = trace(network, X)
    assert [group.size for group in graph.groups] == [8] and not graph.frozen
    small = prune(network, graph, PrunePlan.uniform(graph, 0.5))
    kept = PrunePlan.uniform(graph, 0.5).keep[0]
    assert BACKEND.state_arrays(small)["gain"].tolist() == [k + 1 for k in kept]
    changed = BACKEND.with_state(network, {"gain": np.full(8, 3.0, np.float32)})
    for name in ("w.safetensors", "w.ckpt"):
        BACKEND.save(changed, tmp_path / name)
        again = BACKEND.build(Scaled, {}, 1)
        load_weights(BACKEND, again, tmp_path / name)
        assert BACKEND.state_arrays(again)["gain"].tolist() == [3.0] * 8
    assert BACKEND.state_arrays(network)["gain"].tolist() == list(range(1, 9))


@pytest.mark.slow
def test_memory_stays_flat_over_100_candidates():
    import psutil

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
