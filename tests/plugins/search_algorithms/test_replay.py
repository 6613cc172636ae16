from __future__ import annotations

import numpy as np

from prunekit.plugins.search_algorithms.replay import Replay


def test_replay_marks_the_last_step_and_forgets_the_oldest():
    replay = Replay(6, 2)
    states = np.arange(8, dtype=float).reshape(4, 2)
    replay.add(states, np.array([0.1, 0.2, 0.3, 0.4]), -1.0)
    batch = replay.sample(64, np.random.default_rng(0))
    assert len(batch.states) == 4
    order = np.argsort(batch.states[:, 0])
    assert batch.alive[order, 0].tolist() == [1, 1, 1, 0]
    assert batch.following[order][:3].tolist() == states[1:].tolist()
    replay.add(states + 100, np.zeros(4), -2.0)
    assert len(replay) == 6
    assert np.sort(replay.sample(6, np.random.default_rng(0)).rewards[:, 0]).tolist() == [-2] * 4 + [-1] * 2
