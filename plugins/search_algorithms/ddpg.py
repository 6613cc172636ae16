"""Deep deterministic policy gradient (Lillicrap et al., 2016) for one action in [0, 1], in NumPy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from prunekit.plugins.search_algorithms.agent_params import AgentParams
from prunekit.plugins.search_algorithms.mlp import MLP, Adam, Passed
from prunekit.plugins.search_algorithms.replay import Replay

_SMALL = 3e-3
_EDGE = np.float32(0.05)  # nearer to 0 and 1 the sigmoid would not move


class DDPG:
    """Actor, critic, their slow targets and a replay memory, as in AMC.

    The last number of a state is the action to start from: the actor learns what to add to its logit, and its last
    layer begins near 0 (as in the paper), so that untrained it acts just so.

    Args:
        state_size: Numbers in a state.
        steps: Actions in an episode.
        params: Widths, rates and the rest.
        generator: Draws the initial weights.
    """

    def __init__(self, state_size: int, steps: int, params: AgentParams, generator: np.random.Generator) -> None:
        self._params = params
        hidden = (params.hidden, params.hidden)
        self._actor = MLP((state_size, *hidden, 1), generator, last=_SMALL)
        self._critic = MLP((state_size + 1, *hidden, 1), generator)
        self._slow_actor = self._actor.copy()
        self._slow_critic = self._critic.copy()
        self._actor_adam = Adam(self._actor.parameters, params.lr_actor)
        self._critic_adam = Adam(self._critic.parameters, params.lr_critic)
        self._replay = Replay(params.replay_episodes * steps, state_size)
        self._baseline: float | None = None

    def act(self, state: NDArray[np.float64]) -> float:
        """Return the policy's action, without noise."""
        states = state[None].astype(np.float32)
        return float(_action(self._actor.forward(states), states)[0, 0])

    def remember(self, states: NDArray[np.float64], actions: NDArray[np.float64], reward: float) -> None:
        """Store an episode; every step of it gets its final reward."""
        self._replay.add(states, actions, reward)

    def update(self, generator: np.random.Generator) -> None:
        """Learn from one batch of the memory."""
        batch = self._replay.sample(self._params.batch_size, generator)
        mean = float(batch.rewards.mean())
        before = mean if self._baseline is None else self._baseline
        self._baseline = before + self._params.baseline_decay * (mean - before)
        values = self._values_ahead(batch.following)
        targets = batch.rewards - np.float32(self._baseline) + np.float32(self._params.discount) * batch.alive * values
        self._learn_values(batch.states, batch.actions, targets)
        self._learn_policy(batch.states)
        self._slow_actor.follow(self._actor, self._params.tau)
        self._slow_critic.follow(self._critic, self._params.tau)

    def _values_ahead(self, following: NDArray[np.float32]) -> NDArray[np.float32]:
        actions = _action(self._slow_actor.forward(following), following)
        return self._slow_critic.forward(np.hstack([following, actions])).output

    def _learn_values(
        self, states: NDArray[np.float32], actions: NDArray[np.float32], targets: NDArray[np.float32]
    ) -> None:
        passed = self._critic.forward(np.hstack([states, actions]))
        gradient, _ = self._critic.backward(passed, (passed.output - targets) * (2 / len(targets)))
        self._critic_adam.step(gradient)

    def _learn_policy(self, states: NDArray[np.float32]) -> None:
        """Move the actions towards those that the critic values more."""
        acted = self._actor.forward(states)
        actions = _action(acted, states)
        valued = self._critic.forward(np.hstack([states, actions]))
        _, by_input = self._critic.backward(valued, np.full_like(valued.output, -1 / len(states)))
        gradient, _ = self._actor.backward(acted, by_input[:, -1:] * actions * (1 - actions))
        self._actor_adam.step(gradient)


def _action(acted: Passed, states: NDArray[np.float32]) -> NDArray[np.float32]:
    start = np.clip(states[:, -1:], _EDGE, 1 - _EDGE)
    return np.asarray(1 / (1 + (1 - start) / start * np.exp(-acted.output)), dtype=np.float32)
