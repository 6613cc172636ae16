from __future__ import annotations

import time

import numpy as np
import pytest

from prunekit.plugins.search_algorithms.agent_params import AgentParams
from prunekit.plugins.search_algorithms.ddpg import DDPG
from prunekit.plugins.search_algorithms.noise import truncated_normal
from prunekit.plugins.search_algorithms.replay import Replay


@pytest.mark.parametrize(("mean", "deviation"), [(0.5, 0.5), (0.0, 0.1), (1.0, 1e-12), (0.3, 0.01), (0.7, 100.0)])
def test_noise_has_the_truncated_normal_distribution(mean, deviation):
    rng = np.random.default_rng(0)
    drawn = np.array([truncated_normal(rng, mean, deviation) for _ in range(4000)])
    wanted = rng.normal(mean, deviation, 400_000)
    wanted = wanted[(wanted >= 0) & (wanted <= 1)]
    assert drawn.min() >= 0 and drawn.max() <= 1
    spread = max(wanted.std(), 1e-12)
    assert abs(drawn.mean() - wanted.mean()) < 5 * spread / np.sqrt(min(len(wanted), 4000))
    assert drawn.std() == pytest.approx(wanted.std(), rel=0.1, abs=1e-12)


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


def test_the_untrained_actor_starts_from_the_last_number_of_its_state():
    agent = DDPG(11, 5, AgentParams(), np.random.default_rng(0))
    for start in (0.1, 0.35, 0.8):
        assert agent.act(np.array([*np.random.default_rng(1).random(10), start])) == pytest.approx(start, abs=0.01)


def test_the_policy_gradient_is_that_of_finite_differences():
    agent = DDPG(3, 5, AgentParams(hidden=8), np.random.default_rng(0))
    for name in ("_actor", "_critic"):
        network = getattr(agent, name)
        network.parameters = (4 * network.parameters).astype("f8")
        network._layers = network._views(network.parameters)
    states = np.random.default_rng(1).uniform(0.1, 0.9, (6, 3))
    taken = []
    agent._actor_adam.step = taken.append
    agent._learn_policy(states)
    actor = agent._actor

    def objective() -> float:
        logit = np.log(states[:, -1:] / (1 - states[:, -1:])) + actor.forward(states).output
        actions = 1 / (1 + np.exp(-logit))
        return -float(agent._critic.forward(np.hstack([states, actions])).output.mean())

    for position in range(0, len(actor.parameters), 7):
        before = actor.parameters[position]
        actor.parameters[position] = before + 1e-6
        above = objective()
        actor.parameters[position] = before - 1e-6
        slope = (above - objective()) / 2e-6
        actor.parameters[position] = before
        assert taken[0][position] == pytest.approx(slope, rel=1e-3, abs=1e-7)


def test_an_episode_of_thirty_groups_is_cheap():
    agent = DDPG(10, 30, AgentParams(), np.random.default_rng(0))
    rng = np.random.default_rng(0)
    for _ in range(5):
        agent.remember(rng.random((30, 10)), rng.random(30), -0.5)
    agent.update(rng)
    started = time.process_time()
    for _ in range(30):
        agent.update(rng)
    assert time.process_time() - started < 1.5  # 0.09 s on an idle core; the bound allows for a busy machine
