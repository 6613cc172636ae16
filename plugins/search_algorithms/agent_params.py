"""The parameters of PruneAMC's agent."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from prunekit.core.search import Block, Bound, Share

Positive = Annotated[float, Field(gt=0)]


class AgentParams(Block):
    """``agent``: the guide's parameters first, then the constants of AMC's published code.

    Attributes:
        warmup: Number of first trials that are drawn without the policy; may exceed ``train_episode``.
        warmup_lbound: Least preserve ratio in warm-up; ``lbound`` if not given.
        warmup_rbound: Greatest preserve ratio in warm-up; ``rbound`` if not given.
        warmup_specific_bound: Bounds in warm-up for the group of a mid; other groups keep their ``specific_bound``.
        warmup_start: ``random``, or ``closed_form``: the first trial is the closed-form allocation, the others of
            the warm-up are drawn around it. It needs a budget.
        closed_form_delta: With ``warmup_start: closed_form``, the deviation of the ratios drawn around it, and of the
            noise after warm-up in place of ``init_delta``: more noise would lose the start at once.
        hidden: Width of the two hidden layers of actor and critic.
        lr_actor: Learning rate of the actor.
        lr_critic: Learning rate of the critic.
        tau: Share of the way that the target networks follow after an update.
        discount: Discount of later rewards.
        batch_size: Transitions in an update.
        init_delta: Deviation of the noise after warm-up.
        delta_decay: Its factor per trial.
        replay_episodes: Episodes that the replay memory holds.
        baseline_decay: Weight of the newest batch in the moving average that is subtracted from rewards.
    """

    warmup: int = Field(default=100, ge=0)
    warmup_lbound: Share | None = None
    warmup_rbound: Share | None = None
    warmup_specific_bound: dict[int, Bound] = Field(default_factory=dict)
    warmup_start: Literal["random", "closed_form"] = "random"
    closed_form_delta: Positive = 0.1
    hidden: int = Field(default=300, gt=0)
    lr_actor: Positive = 1e-4
    lr_critic: Positive = 1e-3
    tau: Annotated[float, Field(gt=0, le=1)] = 0.01
    discount: Share = 1.0
    batch_size: int = Field(default=64, gt=0)
    init_delta: Positive = 0.5
    delta_decay: Annotated[float, Field(gt=0, le=1)] = 0.95
    replay_episodes: int = Field(default=100, gt=0)
    baseline_decay: Annotated[float, Field(gt=0, le=1)] = 0.5

    @model_validator(mode="after")
    def _ordered_bounds(self) -> AgentParams:
        low, high = self.warmup_lbound, self.warmup_rbound
        if low is not None and high is not None and low > high:
            raise ValueError(f"warmup_lbound {low:g} is above warmup_rbound {high:g}")
        return self
