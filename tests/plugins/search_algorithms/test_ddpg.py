from __future__ import annotations

import time

import numpy as np
import pytest

from prunekit.plugins.search_algorithms.agent_params import AgentParams
from prunekit.plugins.search_algorithms.ddpg import DDPG


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
