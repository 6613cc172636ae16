from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import ValidationError
from results import counted, objective

from prunekit.core.search import BoundError, BudgetError, Feedback, Journal, Result, SearchSettings, run_search
from prunekit.plugins.executors.inline import Inline
from prunekit.plugins.rewards.acc_abs_latency import AccAbsLatency
from prunekit.plugins.rewards.acc_latency import AccLatency
from prunekit.plugins.search_algorithms.agent_params import AgentParams
from prunekit.plugins.search_algorithms.closed_form import ClosedForm
from prunekit.plugins.search_algorithms.prune_amc import PruneAMC
from prunekit.plugins.search_algorithms.random_search import RandomSearch
from prunekit.plugins.search_algorithms.uniform import Uniform

TARGET = np.array([0.9, 0.3, 0.7, 1.0, 0.25])
SMALL = {"hidden": 32, "warmup": 3, "batch_size": 16}


def make(fake, kind, agent=None, **settings):
    own = {} if agent is None else {"agent": AgentParams(**agent)}
    return kind(fake.space(**settings), SearchSettings(**settings), **own)


def evaluate(trial) -> Result:
    error = np.mean((np.array(trial.ratios) - TARGET) ** 2)
    return counted(round(100_000 * (1 - error)), 100_000)


def search(algorithm, path):
    with Journal(path) as journal:
        return run_search(algorithm, objective(), Inline(lambda: evaluate), journal)


@hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.floats(0, 1, allow_subnormal=False),
    st.floats(0, 1, allow_subnormal=False),
    st.sampled_from([1, 4, 8]),
    st.floats(0, 0.6, allow_subnormal=False),
    st.floats(0.6, 1),
    st.integers(0, 2**32),
    st.sampled_from(["uniform", "closed_form", "random", "amc", "amc from closed_form"]),
)
def test_every_trial_meets_a_reachable_budget_and_the_bounds(fake, flops, params, round_to, low, high, seed, name):
    settings = {
        "channel_round": round_to,
        "lbound": low,
        "rbound": high,
        "specific_bound": {3: [0.25, 0.5]},
        "user_skip_module_id": [1],
        "seed": seed,
        "train_episode": 6,
    }
    kind = {"uniform": Uniform, "closed_form": ClosedForm, "random": RandomSearch}.get(name, PruneAMC)
    agent = {**SMALL, "warmup_start": "closed_form" if "from" in name else "random"} if kind is PruneAMC else None
    least = fake.space(**settings, budget="flops <= 1 and params <= 1")
    limits = [
        (share := least.share(cost, least.lowest)) + way * (1 - share)
        for cost, way in (("flops", flops), ("params", params))
    ]
    settings["budget"] = f"flops <= {limits[0]!r} and params <= {limits[1]!r}"
    algorithm = make(fake, kind, agent, **settings)
    while not algorithm.done:
        trial = algorithm.ask()
        assert trial.within_budget
        assert all(count in allowed for count, allowed in zip(trial.counts, algorithm.space.allowed, strict=True))
        assert trial.ratios[1] == 1.0
        algorithm.tell(trial, Feedback(-trial.shares["flops"], -1.0))


@pytest.mark.parametrize("kind", [Uniform, ClosedForm])
def test_one_trial_is_all_that_a_formula_asks(fake, tmp_path, kind):
    records = search(make(fake, kind, budget="flops <= 0.5", train_episode=50), tmp_path / "journal")
    assert len(records) == 1 and records[0].trial.within_budget
    with pytest.raises(BudgetError, match="needs a budget"):
        make(fake, kind)


def test_the_agent_learns_what_random_does_not_find(fake, tmp_path):
    settings = {"train_episode": 80, "channel_round": 1, "lbound": 0.05, "budget": "flops <= 0.6"}
    learnt, drawn = [], []
    for seed in range(3):
        amc = search(make(fake, PruneAMC, {"warmup": 15}, seed=seed, **settings), tmp_path / f"amc{seed}")
        random = search(make(fake, RandomSearch, seed=seed, **settings), tmp_path / f"random{seed}")
        best = [max(record.result.value for record in records) for records in (amc, random)]
        learnt.append((best[0], np.mean([record.result.value for record in amc[-10:]])))
        drawn.append((best[1], np.mean([record.result.value for record in random])))
    (amc_best, amc_last), (random_best, random_mean) = np.mean(learnt, axis=0), np.mean(drawn, axis=0)
    assert amc_best > random_best
    assert amc_last > random_mean


def test_a_search_cut_anywhere_ends_bit_for_bit_the_same(fake, tmp_path):
    def run():
        return search(make(fake, PruneAMC, SMALL, train_episode=8, budget="flops <= 0.5", channel_round=1), path)

    path = tmp_path / "journal"
    whole = run()
    written = path.read_bytes()
    for cut in range(0, len(written), len(written) // 12):
        path.write_bytes(written[:cut])
        assert run() == whole, cut


def test_warmup_has_its_own_bounds_and_may_outlast_the_search(fake):
    agent = {"warmup_lbound": 0.5, "warmup_rbound": 0.75, "warmup_specific_bound": {2: [1.0, 1.0]}, "warmup": 100}
    algorithm = make(fake, PruneAMC, agent, train_episode=5, specific_bound={5: [0.25, 0.25]})
    while not algorithm.done:
        trial = algorithm.ask()
        assert trial.ratios[0] == 1.0 and trial.ratios[4] == 0.25
        assert 0.5 <= trial.ratios[2] <= 0.75
        algorithm.tell(trial, Feedback(-0.5, -1.0))


def test_warmup_from_the_closed_form(fake):
    settings = {"budget": "flops <= 0.5", "channel_round": 1}
    formula = make(fake, ClosedForm, **settings).ask()
    algorithm = make(fake, PruneAMC, {"warmup_start": "closed_form"}, **settings)
    assert algorithm.ask().counts == formula.counts
    others = np.array([algorithm.ask().ratios for _ in range(30)])
    uniform = np.array([make(fake, RandomSearch, seed=s, **settings).ask().ratios for s in range(30)])
    assert np.abs(others - formula.ratios).mean() < 0.6 * np.abs(uniform - formula.ratios).mean()
    after = make(fake, PruneAMC, {"warmup_start": "closed_form", "warmup": 0, "closed_form_delta": 1e-9}, **settings)
    assert after.ask().ratios == pytest.approx(formula.ratios, abs=0.1)  # the policy starts there too
    with pytest.raises(BudgetError, match="needs a budget"):
        make(fake, PruneAMC, {"warmup_start": "closed_form"})


@pytest.mark.parametrize(
    ("agent", "settings", "problem", "message"),
    [
        (
            {"warmup_lbound": 0.9},
            {"rbound": 0.8},
            BoundError,
            "agent.warmup_lbound 0.9 is above agent.warmup_rbound 0.8",
        ),
        ({"warmup_lbound": 0.9}, {"budget": "flops <= 0.5"}, BudgetError, r"within the agent.warmup_\* bounds"),
        ({"warmup_specific_bound": {6: [0, 1]}}, {}, BoundError, "agent.warmup_specific_bound: mid 6 is protected"),
    ],
)
def test_warmup_bounds_that_cannot_be(fake, agent, settings, problem, message):
    with pytest.raises(problem, match=message):
        make(fake, PruneAMC, agent, **settings)


def test_agent_parameters_are_checked_and_tilde_is_default():
    assert AgentParams(warmup=None, warmup_specific_bound=None) == AgentParams()
    with pytest.raises(ValidationError, match="warm_up"):
        AgentParams(warm_up=3)
    with pytest.raises(ValidationError, match=r"warmup_lbound 0\.9 is above warmup_rbound 0\.5"):
        AgentParams(warmup_lbound=0.9, warmup_rbound=0.5)


@pytest.mark.parametrize(("reward", "episodes"), [(AccLatency, 90), (AccAbsLatency, 220)])
def test_the_agent_learns_from_latency(fake, tmp_path, reward, episodes):
    """Here latency follows the MACs; the absolute target is the harder one, from either side."""
    settings = {"channel_round": 1, "lbound": 0.05, "train_episode": episodes}
    algorithm = make(fake, PruneAMC, {"warmup": 40, "hidden": 100}, **settings)
    aim = objective(reward(target_latency=5.0), latency=10.0)

    def timed(trial):
        return replace(evaluate(trial), measured={"latency_share": trial.shares["flops"]})

    with Journal(tmp_path / "journal") as journal:
        records = run_search(algorithm, aim, Inline(lambda: timed), journal)
    rewards = [record.result.reward for record in records]
    assert np.mean(rewards[-20:]) > 0.6 * np.mean(rewards[:40])
    best = aim.best(records, 1)[0]
    assert aim.meets_target(best.trial, best.result)


def test_skipped_and_failed_trials_teach_nothing(fake):
    algorithm = make(fake, PruneAMC, {**SMALL, "warmup": 0})
    before = algorithm._ddpg._actor.parameters.copy()
    for _ in range(2):
        algorithm.tell(algorithm.ask(), None)
    assert (algorithm._ddpg._actor.parameters == before).all()
    algorithm.tell(algorithm.ask(), Feedback(-0.5, -1.0))
    assert (algorithm._ddpg._actor.parameters != before).any()


def test_the_agent_stores_the_action_really_taken(fake):
    algorithm = make(fake, PruneAMC, SMALL, budget="flops <= 0.5")
    trial = algorithm.ask()
    algorithm.tell(trial, Feedback(-0.5, -1.0))
    stored = algorithm._ddpg._replay._fields.actions[: len(algorithm._actions), 0]
    assert stored == pytest.approx([trial.ratios[i] for i in algorithm._actions])


@pytest.mark.parametrize("kind", [PruneAMC, RandomSearch, Uniform, ClosedForm])
def test_what_needs_no_result_is_the_same_whatever_was_told(fake, kind):
    """So that it may be asked while others are evaluated."""
    how = {"budget": "flops <= 0.5", "train_episode": 8, "channel_round": 1}
    agent = SMALL if kind is PruneAMC else None
    free = [number for number in range(8) if not make(fake, kind, agent, **how).needs_told(number)]
    assert free == ([0, 1, 2] if kind is PruneAMC else list(range(8)))
    told = make(fake, kind, agent, **how)
    other = make(fake, kind, agent, **how)
    for number in range(told.episodes):
        trial = told.ask()
        if number in free:
            assert other.ask() == trial
        told.tell(trial, Feedback(-1.0 / (number + 1), 0.0))
