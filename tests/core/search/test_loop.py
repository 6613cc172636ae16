from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from results import accuracy, counted, objective

from prunekit.core.search import (
    Journal,
    JournalError,
    Result,
    SearchAlgorithm,
    SearchSettings,
    Trial,
    run_search,
)
from prunekit.plugins.executors.inline import Inline
from prunekit.plugins.rewards.acc_latency import AccLatency


class Drift(SearchAlgorithm):
    """Random trials that depend on everything told so far."""

    heard = 0.0

    def propose(self, number, generator):
        ratios = 0.4 + 0.6 * np.abs(np.sin(9 * generator.uniform(0, 1, len(self.space.allowed)) + self.heard))
        return self.space.counts(ratios)

    def learn(self, trial, feedback, generator):
        self.heard += feedback.reward * generator.random()


def make(fake, kind=Drift, **settings):
    settings = {"train_episode": 6, "channel_round": 1, "lbound_preserve_ratio": 0.1, **settings}
    return kind(fake.space(**settings), SearchSettings(**settings))


def evaluate(trial: Trial) -> Result:
    if trial.id == 2:
        raise RuntimeError("out of memory")
    return counted(sum(trial.counts), 500, loss=1 / 3 + trial.id, measured={"latency": 1.0})


def search(fake, path, evaluate=evaluate, **settings):
    with Journal(path) as journal:
        return run_search(make(fake, **settings), objective(), Inline(lambda: evaluate), journal)


def lines(path):
    """The journal without what was measured."""
    entries = [json.loads(line) for line in path.read_text().splitlines()]
    return [{k: v for k, v in entry.items() if k not in ("measured", "check")} for entry in entries]


def test_every_ask_and_tell_is_a_line(fake, tmp_path):
    records = search(fake, tmp_path / "journal")
    assert [line["event"] for line in lines(tmp_path / "journal")] == ["start"] + ["ask", "tell"] * 6
    assert [record.id for record in records] == list(range(6))
    assert set(records[0].result.measured) == {"latency", "ask", "evaluate"}


def test_killed_at_any_byte_it_ends_the_same(fake, tmp_path):
    path = tmp_path / "journal"
    whole = search(fake, path)
    written, expected = path.read_bytes(), lines(path)
    assert {record.result.status for record in whole} >= {"ok", "failed"}
    ends = [i + 1 for i, byte in enumerate(written) if byte == 10]
    for cut in sorted({*range(0, len(written), 37), *ends, *(end - 1 for end in ends), len(written)}):
        path.write_bytes(written[:cut])
        assert search(fake, path) == whole, cut
        assert lines(path) == expected, cut


def test_what_is_recorded_is_not_evaluated_again(fake, tmp_path):
    path = tmp_path / "journal"
    whole = search(fake, path)
    seen = []
    again = search(fake, path, evaluate=lambda trial: seen.append(trial))
    assert again == whole and not seen and all(record.replayed for record in again)


def test_more_episodes_go_on_where_it_ended(fake, tmp_path):
    short, long = tmp_path / "short", tmp_path / "long"
    search(fake, short, train_episode=3)
    assert search(fake, short, train_episode=6) == search(fake, long, train_episode=6)


def test_interrupt_ends_it_and_the_trial_is_evaluated_again(fake, tmp_path):
    whole = search(fake, tmp_path / "whole")

    def interrupted(trial):
        if trial.id == 3:
            raise KeyboardInterrupt
        return evaluate(trial)

    path = tmp_path / "journal"
    with pytest.raises(KeyboardInterrupt):
        search(fake, path, evaluate=interrupted)
    assert lines(path)[-1]["event"] == "ask"
    assert search(fake, path) == whole


def test_another_search_is_told_apart_by_its_trial(fake, tmp_path):
    path = tmp_path / "journal"
    search(fake, path)
    with pytest.raises(JournalError, match=r"trial 0 is not the one that was recorded \(different: .*counts"):
        search(fake, path, seed=1)
    with pytest.raises(JournalError, match="more trials"):
        search(fake, path, train_episode=3)


def test_other_rankings_are_told_apart_by_the_plan(fake, tmp_path):
    path = tmp_path / "journal"
    search(fake, path)
    algorithm = make(fake)
    algorithm.space.rankings = {k: type(v)(v.order[::-1], v.error) for k, v in fake.rankings.items()}
    with Journal(path) as journal, pytest.raises(JournalError, match=r"\(different: plan\)"):
        run_search(algorithm, objective(), Inline(lambda: evaluate), journal)


def test_damage_is_named_by_line(tmp_path, fake):
    path = tmp_path / "journal"
    search(fake, path)
    rows = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*rows[:3], b"garbage\n", *rows[4:]]))
    with pytest.raises(JournalError, match=r"journal:4: "):
        Journal(path)
    for foreign in (b"somebody's notes", b"somebody's notes\n", b'{"event": "start", "version": 2}\n'):
        path.write_bytes(foreign)
        with pytest.raises(JournalError, match=r"journal:1: "):
            Journal(path)
        assert path.read_bytes() == foreign


def test_skipped_trials_are_journalled_not_evaluated_and_count(fake, tmp_path):
    seen = []

    def watched(trial):
        seen.append(trial.id)
        return evaluate(trial)

    records = search(fake, tmp_path / "journal", watched, lbound_preserve_ratio=0.5, train_episode=20)
    skipped = [record for record in records if record.result.status == "skipped"]
    assert len(records) == 20 and 0 < len(skipped) < 20
    assert all(record.trial.shares["flops"] < 0.5 for record in skipped)
    assert seen == [record.id for record in records if record.result.status != "skipped"]


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (counted(3, 10, loss=math.nan), "the loss is nan"),
        (counted(3, 10, loss=math.inf), "the loss is inf"),
        (counted(0, 0), "no held-out images"),
        (counted(math.nan, 10, loss=0.5), "the accuracy is nan"),
    ],
)
def test_what_is_no_number_has_failed(fake, tmp_path, result, message):
    records = search(fake, tmp_path / "journal", lambda trial: result, lbound_preserve_ratio=0)
    assert {record.result.status for record in records} == {"failed"}
    assert all(message in record.result.message for record in records)
    assert objective().best(records, 1) == []


def test_a_reward_that_is_no_number_has_failed(fake, tmp_path):
    class Odd:
        costs = ("flops",)

        def __call__(self, err, costs):
            return math.nan

    algorithm = make(fake, lbound_preserve_ratio=0)
    with Journal(tmp_path / "journal") as journal:
        records = run_search(algorithm, objective(Odd()), Inline(lambda: lambda trial: counted(3, 10, 0.5)), journal)
    assert {(r.result.status, r.result.message) for r in records} == {("failed", "the reward is nan")}


AIM = objective(AccLatency(target_latency=5.5), latency=10.0)


def timed(trial: Trial) -> Result:
    if trial.id == 2:
        raise RuntimeError("no clock")
    share = 0.3 + 0.1 * trial.id
    return counted(100 * trial.id, 500, measured={"latency_share": share, "latency_share_error": 0.01})


def latency_search(fake, path, evaluate=timed):
    algorithm = make(fake, lbound_preserve_ratio=0)
    with Journal(path) as journal:
        return run_search(algorithm, AIM, Inline(lambda: evaluate), journal)


def test_a_latency_that_cannot_be_measured_fails_its_trial(fake, tmp_path):
    records = latency_search(fake, tmp_path / "journal")
    assert [record.result.status for record in records] == ["ok", "ok", "failed", "ok", "ok", "ok"]
    assert records[2].result.message == "RuntimeError: no clock"
    records = latency_search(fake, tmp_path / "none", lambda trial: counted(3, 10, 0.5))
    assert {r.result.message for r in records} == {"the reward looks at latency, and none was measured"}


def test_measured_rewards_are_replayed_not_measured_again(fake, tmp_path):
    """Whatever the clock says the second time."""
    path = tmp_path / "journal"
    whole = latency_search(fake, path)
    written = path.read_bytes()
    path.write_bytes(b"".join(written.splitlines(keepends=True)[:7]))

    def slower(trial):
        found = timed(trial)
        return replace(found, measured={"latency_share": 0.9})

    again = latency_search(fake, path, slower)
    assert [r.result.reward for r in again[:3]] == [r.result.reward for r in whole[:3]]
    assert again[0].result.measured["latency_share"] == 0.3
    assert again[5].result.reward != whole[5].result.reward
    assert AIM.meets_target(again[1].trial, again[1].result)
    assert not AIM.meets_target(again[5].trial, again[5].result)


def test_what_is_too_slow_is_kept_only_where_nothing_is_fast_enough(fake, tmp_path):
    records = latency_search(fake, tmp_path / "journal")
    rewards = [records[i].result.reward for i in (0, 1, 3, 4, 5)]
    assert max(rewards) == rewards[4]  # the slowest is the most accurate by far
    assert {record.id for record in AIM.best(records, 9)} == {0, 1}
    assert [record.id for record in AIM.best(records[4:], 9)] == [5, 4]


def test_an_algorithm_that_raises_loses_a_trial_not_the_search(fake, tmp_path):
    class Faulty(Drift):
        def propose(self, number, generator):
            if number == 1:
                raise ZeroDivisionError("one")
            return super().propose(number, generator)

        def learn(self, trial, feedback, generator):
            if trial.id == 3:
                raise ZeroDivisionError("three")
            super().learn(trial, feedback, generator)

    def run():
        with Journal(tmp_path / "journal") as journal:
            return run_search(
                make(fake, Faulty, lbound_preserve_ratio=0), objective(), Inline(lambda: evaluate), journal
            )

    records = run()
    assert [record.result.status for record in records] == ["ok", "failed", "failed", "ok", "ok", "ok"]
    assert "one" in records[1].result.message and records[1].trial is None
    assert "not learnt from: ZeroDivisionError: three" in records[3].result.message
    assert run() == records


@given(
    st.floats(0, 1, allow_subnormal=False),
    st.lists(st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False), min_size=2, max_size=2),
)
def test_json_round_trips_are_exact(fake, ratio, numbers):
    space = fake.space(channel_round=1)
    trial = space.trial(7, space.counts(np.full(5, ratio)))
    assert Trial.from_json(json.loads(json.dumps(trial.to_json()))) == trial
    result = Result("ok", accuracy(7, 9, numbers[0]), numbers[1], "said")
    assert Result.from_json(json.loads(json.dumps(result.to_json()))) == result


def test_the_reward_error_is_that_of_one_standard_error(fake, tmp_path):
    first = search(fake, tmp_path / "journal", lambda trial: counted(80, 100, 1.0))[0]
    assert first.result.metric.error == pytest.approx(0.04)
    assert first.result.reward_error == pytest.approx(-first.result.reward / 0.2 * 0.04)  # linear in the error


def test_no_network_is_evaluated_twice(fake, tmp_path):
    """Tight bounds leave few networks; each may cost a fine-tuning."""
    evaluated = []

    def evaluate(trial):
        evaluated.append(trial.counts)
        return counted(5, 10, 1.0, measured={"run": 2.0})

    records = search(fake, tmp_path / "journal", evaluate, train_episode=30, lbound=0.5, rbound=0.55)
    assert len(evaluated) == len(set(evaluated)) < 30 == len(records)
    first = {}
    for record in records:
        before = first.setdefault(record.trial.counts, record)
        assert record.result.reward == before.result.reward
        if before is not record:
            assert record.result.message == f"as episode {before.id + 1}" and "run" not in record.result.measured
