"""AMC: an agent learns the preserve ratio of each group (He et al., ECCV 2018)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from prunekit.core.search import (
    OBSERVATION_SIZE,
    Counts,
    Feedback,
    SearchAlgorithm,
    SearchSettings,
    SearchSpace,
    Trial,
    closed_form_counts,
    fitted_counts,
    uniform_counts,
)
from prunekit.plugins.search_algorithms.agent_params import AgentParams
from prunekit.plugins.search_algorithms.ddpg import DDPG
from prunekit.plugins.search_algorithms.noise import truncated_normal
from prunekit.registry import Register, RegisterType


@Register.register(RegisterType.SEARCH_ALGORITHM, name="PruneAMC")
class PruneAMC(SearchAlgorithm):
    """DDPG that walks the groups and chooses the ratio of each.

    Warm-up trials are drawn within the warm-up bounds, after them the policy acts with truncated-normal noise. The
    budget is a hard one: the actions of an episode are bounded together, all by the same share of their way
    (`fitted_counts`), so that it is met and used up; what the agent learns from is the action really taken, after
    bounding and rounding. Differences to AMC's published code: there the actions are bounded one after the other,
    which leaves the last layers what the first ones did not take (measured on ResNet-20 with two fifths of the MACs,
    the mean accuracy of the first ten policy episodes was 83 % so, below the warm-up's 91 %); the last step has no
    following state; the state's cost features are as they are named; and the state has one number more, the ratio that
    the actor starts from: the closed form's with ``warmup_start: closed_form``, else the uniform one that meets the
    budget, or one half without a budget.

    Args:
        space: What may be chosen.
        settings: The parameters that all algorithms share.
        agent: The agent's parameters.

    Raises:
        BoundError: A warm-up bound cannot be used.
        BudgetError: The warm-up bounds miss the budget, or ``warmup_start: closed_form`` has none.
    """

    def __init__(self, space: SearchSpace, settings: SearchSettings, *, agent: AgentParams | None = None) -> None:
        super().__init__(space, settings)
        self.agent = agent or AgentParams()
        self._warmup = space.bounded(
            settings.lbound if self.agent.warmup_lbound is None else self.agent.warmup_lbound,
            settings.rbound if self.agent.warmup_rbound is None else self.agent.warmup_rbound,
            self.agent.warmup_specific_bound,
            "agent.warmup_",
        )
        self._start = self._starting_ratios()
        self._actions = sorted({*space.free, *self._warmup.free})
        steps = max(len(self._actions), 1)
        generator = np.random.default_rng(np.random.SeedSequence([settings.seed]))
        self._ddpg = DDPG(OBSERVATION_SIZE + 1, steps, self.agent, generator)

    def needs_told(self, number: int) -> bool:
        """The policy needs what it learns from; warm-up trials are drawn."""
        return number >= self.agent.warmup

    def propose(self, number: int, generator: np.random.Generator) -> Counts:
        """Return a warm-up allocation, or what the policy chooses."""
        if number < self.agent.warmup:
            return self._draw(number, generator)
        deviation = self.agent.closed_form_delta if self._from_closed_form else self.agent.init_delta
        deviation *= self.agent.delta_decay ** (number - self.agent.warmup)
        wanted = self.space.ratios(self.space.lowest)
        counts = self.space.lowest
        for index in self.space.free:
            wanted[index] = truncated_normal(generator, self._ddpg.act(self._state(index, counts)), deviation)
            counts[index] = self.space.count(index, wanted[index])
        return fitted_counts(self.space, wanted)

    def learn(self, trial: Trial, feedback: Feedback, generator: np.random.Generator) -> None:
        """Store the trial; after warm-up, update once for each of its steps."""
        if not self._actions:
            return
        states = np.array([self._state(index, trial.counts) for index in self._actions])
        actions = np.array([trial.ratios[index] for index in self._actions])
        self._ddpg.remember(states, actions, feedback.reward)
        if trial.id >= self.agent.warmup:
            for _ in self._actions:
                self._ddpg.update(generator)

    @property
    def _from_closed_form(self) -> bool:
        return self.agent.warmup_start == "closed_form"

    def _state(self, index: int, counts: Counts) -> NDArray[np.float64]:
        return np.append(self.space.observation(index, counts), self._start[index])

    def _draw(self, number: int, generator: np.random.Generator) -> NDArray[np.int64]:
        if not self._from_closed_form:
            low, high = (self._warmup.ratios(counts) for counts in (self._warmup.lowest, self._warmup.highest))
            return fitted_counts(self._warmup, generator.uniform(low, high))
        if number == 0:
            return self.space.counts(self._start)
        drawn = [truncated_normal(generator, float(mean), self.agent.closed_form_delta) for mean in self._start]
        return fitted_counts(self._warmup, np.array(drawn))

    def _starting_ratios(self) -> NDArray[np.float64]:
        if self._from_closed_form:
            return self.space.ratios(closed_form_counts(self.space))
        if self.space.constraints:
            return self.space.ratios(uniform_counts(self.space))
        return np.full(len(self.space.allowed), 0.5)
