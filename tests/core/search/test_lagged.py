"""Asks and tells with a lag, on an executor that ends in random order, loses trials and dies."""

from __future__ import annotations

import json
import os
import random
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from results import counted, objective

from prunekit.core.data.contract import DataError
from prunekit.core.search import (
    Journal,
    JournalError,
    Lost,
    Result,
    SearchAlgorithm,
    SearchError,
    SearchSettings,
    Trial,
    evaluated,
    run_search,
)
from prunekit.plugins.executors.inline import Inline
from prunekit.plugins.search_algorithms.agent_params import AgentParams
from prunekit.plugins.search_algorithms.prune_amc import PruneAMC
from prunekit.plugins.search_algorithms.random_search import RandomSearch

LAGS = (1, 2, 3, 8, 16)


class Dead(BaseException):
    """The process of the search is killed."""


class Chance:
    """An executor: which of its trials ends next is drawn; some lose their worker, and after so many it dies.

    Args:
        seed: Draws the order.
        capacity: Trials at a time.
        fate: For trials that lose their worker, how often they still will.
        life: How many trials it ends before the process dies.
    """

    def __init__(self, seed=0, capacity=3, fate=None, life=10_000, evaluate=None):
        self.order, self.capacity, self.fate, self.life = random.Random(seed), capacity, fate or Counter(), life
        self.running, self.submitted, self.most = {}, [], 0
        self.evaluate = evaluate or measured

    def submit(self, number, trial):
        assert number not in self.running and number == trial.id
        self.running[number] = trial
        self.submitted.append(number)
        self.most = max(self.most, len(self.running))
        assert len(self.running) <= self.capacity

    def wait(self):
        if self.life == 0:
            raise Dead
        self.life -= 1
        number = self.order.choice(sorted(self.running))
        trial = self.running.pop(number)
        if self.fate[number]:
            self.fate[number] -= 1
            return number, Lost("killed by signal 9")
        return number, evaluated(self.evaluate, trial)

    def close(self):
        self.running.clear()


def measured(trial: Trial) -> Result:
    if sum(trial.counts) % 7 == 2:
        raise RuntimeError("out of memory")
    return counted(sum(trial.counts), 500, 1 / 3 + sum(trial.counts), measured={"run": random.random()})


class Learner(SearchAlgorithm):
    """Depends on all that it was told and in which order; sees that this is what the lag allows."""

    warmup = 4

    def __init__(self, space, settings):
        super().__init__(space, settings)
        self.told, self.heard = [], 0.5

    def needs_told(self, number):
        return number >= self.warmup

    def propose(self, number, generator):
        drawn = generator.uniform(0, 1, len(self.space.allowed))
        if self.needs_told(number):
            assert self.told == list(range(number - self.settings.lag + 1))
            drawn = np.abs(np.sin(9 * drawn + self.heard))
        return self.space.counts(0.3 + 0.7 * drawn)

    def tell(self, trial, feedback):
        self.told.append(trial.id)
        super().tell(trial, feedback)

    def learn(self, trial, feedback, generator):
        self.heard = 1.7 * self.heard + feedback.reward * generator.random()


class Generations(Learner):
    """Needs what it was told for every fifth trial only."""

    def needs_told(self, number):
        return number % 5 == 4


class Eager(Learner):
    """Needs it from the first trial on."""

    warmup = 0


def amc(space, settings):
    return PruneAMC(space, settings, agent=AgentParams(hidden=16, warmup=5, batch_size=8))


KINDS = [Learner, Generations, Eager, RandomSearch, amc]
FEW = {"lbound": 0.5, "rbound": 0.55}  # few networks, so that equal ones meet in flight


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """No process is killed here, so nothing has to be on the disk."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


def search(fake, path, executor, kind=Learner, on_trial=None, **settings):
    settings = {"train_episode": 14, "channel_round": 1, "lbound_preserve_ratio": 0.15, **settings}
    with Journal(path) as journal:
        return run_search(
            kind(fake.space(**settings), SearchSettings(**settings)), objective(), executor, journal, on_trial
        )


def lines(path, losses=True):
    """What a journal says, in any order and without what was measured."""
    entries = [json.loads(line) for line in path.read_text().splitlines()]
    kept = [{k: v for k, v in entry.items() if k not in ("measured", "check")} for entry in entries]
    return Counter(json.dumps(entry, sort_keys=True) for entry in kept if losses or entry["event"] != "lost")


def whole(fake, folder, **how):
    """The search as one process does it, a trial at a time."""
    path = folder / "whole"
    return search(fake, path, Inline(lambda: measured), **how), lines(path)


def cuts(written):
    """Line ends, just before them, and inside lines."""
    ends = [place + 1 for place, byte in enumerate(written) if byte == 10]
    middles = [(one + other) // 2 for one, other in zip([0, *ends], ends, strict=False)]
    return sorted({0, *ends, *middles, *(end - 1 for end in ends)})


hurried = hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
ONE_OF_EACH = [(Learner, lag) for lag in LAGS] + [(Generations, 8), (Eager, 3), (RandomSearch, 2), (amc, 3)]
ALL = [
    pytest.param(kind, lag, marks=() if (kind, lag) in ONE_OF_EACH else pytest.mark.slow)
    for kind in KINDS
    for lag in LAGS
]


@hurried
@given(
    st.sampled_from(KINDS), st.sampled_from(LAGS), st.integers(1, 9), st.integers(), st.sampled_from([{}, FEW])
)  # fmt: skip
def test_whatever_ends_first_the_search_is_the_same(fake, kind, lag, capacity, seed, bounds):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        records, written = whole(fake, folder, kind=kind, lag=lag, **bounds)
        executor = Chance(seed, capacity)
        assert search(fake, folder / "other", executor, kind=kind, lag=lag, **bounds) == records
        assert lines(folder / "other") == written
        assert len(executor.submitted) == len({*executor.submitted})
        good = [trial for trial in records if trial.trial.id in executor.submitted and trial.result.status == "ok"]
        assert len(good) == len({each.trial.counts for each in good}), "a network was evaluated twice"


@hurried
@given(st.sampled_from(KINDS), st.sampled_from(LAGS), st.data())
def test_killed_again_and_again_it_ends_the_same(fake, kind, lag, data):
    """Each time other workers go on, trials are lost, the process dies, and its last line is torn."""
    bounds = data.draw(st.sampled_from([{}, FEW]))
    doomed = data.draw(st.sets(st.integers(0, 13), max_size=3))
    unlucky = data.draw(st.sets(st.integers(0, 13), max_size=4)) - doomed

    def fates():
        return Counter({**dict.fromkeys(doomed, 10_000), **dict.fromkeys(unlucky, 1)})

    with tempfile.TemporaryDirectory() as name:
        path, one = Path(name) / "journal", Path(name) / "one"
        expected = search(fake, one, Chance(0, 1, fates()), kind=kind, lag=lag, **bounds)
        remaining = fates()
        for _ in range(data.draw(st.integers(0, 4))):
            executor = Chance(data.draw(st.integers()), data.draw(st.integers(1, 9)), remaining)
            executor.life = data.draw(st.integers(0, 12))
            try:
                search(fake, path, executor, kind=kind, lag=lag, **bounds)
            except Dead:
                size = path.stat().st_size
                path.write_bytes(path.read_bytes()[: size - data.draw(st.integers(0, min(size, 400)))])
        executor = Chance(data.draw(st.integers()), data.draw(st.integers(1, 9)), remaining)
        assert search(fake, path, executor, kind=kind, lag=lag, **bounds) == expected
        assert lines(path, losses=False) == lines(one, losses=False)


@pytest.mark.parametrize(("kind", "lag"), ALL)
def test_cut_at_any_place_it_ends_the_same(fake, tmp_path, kind, lag):
    """Written with five workers, gone on with by two."""
    records, expected = whole(fake, tmp_path, kind=kind, lag=lag, train_episode=10)
    path = tmp_path / "journal"
    assert search(fake, path, Chance(lag, 5), kind, lag=lag, train_episode=10) == records
    written = path.read_bytes()
    for cut in cuts(written):
        path.write_bytes(written[:cut])
        assert search(fake, path, Chance(cut, 2), kind, lag=lag, train_episode=10) == records, cut
        assert lines(path) == expected, cut


@pytest.mark.parametrize(("kind", "lag"), ALL)
def test_a_hook_ends_it_at_one_trial_wherever_it_is_cut(fake, tmp_path, kind, lag):
    records, expected = whole(fake, tmp_path, kind=kind, lag=lag, train_episode=10)
    path, stop = tmp_path / "journal", 5
    found = search(fake, path, Chance(lag, 4), kind, lambda record: record.id >= stop, lag=lag, train_episode=10)
    assert found == records[: stop + 1]
    written = path.read_bytes()
    for cut in cuts(written):
        path.write_bytes(written[:cut])
        again = search(fake, path, Chance(cut, 3), kind, lambda record: record.id >= stop, lag=lag, train_episode=10)
        assert again == found, cut
    assert search(fake, path, Chance(1, 5), kind, lag=lag, train_episode=10) == records  # without the hook it goes on
    assert lines(path) == expected


@hurried
@given(st.sampled_from(KINDS), st.sampled_from(LAGS), st.data())
def test_a_hook_and_many_kills(fake, kind, lag, data):
    stop = data.draw(st.integers(0, 13))

    def ends(record):
        return record.id >= stop

    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "journal"
        expected = search(fake, Path(name) / "one", Chance(0, 1), kind, ends, lag=lag)
        assert len(expected) == stop + 1
        for _ in range(data.draw(st.integers(0, 4))):
            executor = Chance(data.draw(st.integers()), data.draw(st.integers(1, 9)))
            executor.life = data.draw(st.integers(0, 8))
            try:
                assert search(fake, path, executor, kind, ends, lag=lag) == expected
            except Dead:
                size = path.stat().st_size
                path.write_bytes(path.read_bytes()[: size - data.draw(st.integers(0, min(size, 400)))])
        assert search(fake, path, Chance(data.draw(st.integers()), 4), kind, ends, lag=lag) == expected


@pytest.mark.parametrize("lag", LAGS)
def test_where_it_had_gone_on_a_hook_does_not_throw_away_what_is_there(fake, tmp_path, lag):
    records, _ = whole(fake, tmp_path, lag=lag)
    assert search(fake, tmp_path / "whole", Chance(), on_trial=lambda record: True, lag=lag) == records


def test_with_lag_1_every_trial_is_told_before_the_next_is_asked(fake, tmp_path):
    search(fake, tmp_path / "journal", Inline(lambda: measured))
    events = [json.loads(line)["event"] for line in (tmp_path / "journal").read_text().splitlines()]
    assert events == ["start", *["ask", "tell"] * 14]


def test_what_is_told_is_seen_at_once_and_in_order(fake, tmp_path):
    """By a hook, while one process evaluates: not in the end, when all has been asked."""
    path, seen = tmp_path / "journal", []

    def watch(record):
        seen.append((record.id, path.read_text().count('"tell"')))

    search(fake, path, Inline(lambda: measured), on_trial=watch, lag=8)
    assert seen == [(number, number + 1) for number in range(14)]


def test_trials_are_in_flight_side_by_side(fake, tmp_path):
    most = {}
    for kind in (Eager, RandomSearch):
        for lag in (1, 4, 16):
            executor = Chance(0, 4)
            search(fake, tmp_path / f"{kind.__name__}{lag}", executor, kind, lag=lag, lbound_preserve_ratio=0)
            most[kind, lag] = executor.most
    assert most == {
        (Eager, 1): 1, (Eager, 4): 4, (Eager, 16): 4,
        (RandomSearch, 1): 4, (RandomSearch, 4): 4, (RandomSearch, 16): 4,
    }  # fmt: skip


def test_a_trial_that_is_lost_once_is_evaluated_again(fake, tmp_path):
    expected, _ = whole(fake, tmp_path, lag=4)
    executor = Chance(1, 3, Counter({5: 1}))
    assert search(fake, tmp_path / "journal", executor, lag=4) == expected
    assert executor.submitted.count(5) == 2
    (lost,) = [json.loads(line) for line in (tmp_path / "journal").read_text().splitlines() if '"lost"' in line]
    assert (lost["id"], lost["message"]) == (5, "killed by signal 9")


def test_a_trial_that_is_lost_twice_has_failed_and_stays_so(fake, tmp_path):
    path = tmp_path / "journal"
    records = search(fake, path, Chance(1, 3, Counter({5: 9})), lag=4)
    assert records[5].result.status == "failed"
    assert records[5].result.message == "lost 2 times with the worker that evaluated it: killed by signal 9"
    written = path.read_text().splitlines(keepends=True)
    assert sum('"lost"' in line for line in written) == 2
    assert search(fake, path, Chance(), lag=4) == records
    twice = max(place for place, line in enumerate(written) if '"lost"' in line)
    path.write_text("".join(written[: twice + 1]))  # killed before the failure was written
    executor = Chance(3)
    assert search(fake, path, executor, lag=4) == records and 5 not in executor.submitted


def test_of_equal_networks_the_next_is_evaluated_where_the_first_fails(fake, tmp_path):
    """And not before it has failed: else two orders would evaluate two different ones."""

    def same(space, settings):
        return Same(space, settings)

    class Same(RandomSearch):
        def propose(self, number, generator):
            return self.space.highest

    def third(trial):
        if trial.id < 2:
            raise RuntimeError("out of memory")
        return counted(3, 10, 0.5)

    executor = Chance(1, 4, evaluate=third)
    records = search(fake, tmp_path / "journal", executor, same, lag=8, train_episode=5)
    assert executor.submitted == [0, 1, 2] and executor.most == 1
    assert [record.result.message for record in records] == [
        "RuntimeError: out of memory", "RuntimeError: out of memory", "", "as episode 3", "as episode 3",
    ]  # fmt: skip


@pytest.mark.parametrize("error", [KeyboardInterrupt, DataError("broken images"), OSError("no more processes")])
def test_what_ends_a_search_leaves_what_arrived(fake, tmp_path, error):
    class Ends(Chance):
        def wait(self):
            if self.life == 0:
                raise error
            return super().wait()

    expected, _ = whole(fake, tmp_path, lag=4)
    path = tmp_path / "journal"
    with pytest.raises(error if isinstance(error, type) else type(error)):
        search(fake, path, Ends(1, 3, life=5), lag=4)
    assert path.read_text().count('"tell"') == 5
    assert search(fake, path, Chance(2), lag=4) == expected


def test_an_executor_that_returns_another_trial_is_named(fake, tmp_path):
    class Wrong(Chance):
        def wait(self):
            return 99, super().wait()[1]

    with pytest.raises(SearchError, match="Wrong returned trial 99, which it was not given"):
        search(fake, tmp_path / "journal", Wrong())


def test_a_journal_goes_on_with_its_own_search_only(fake, tmp_path):
    path = tmp_path / "journal"
    search(fake, path, Chance(), lag=3)
    with pytest.raises(JournalError, match=r"with lag 3; this is prunekit \S+ with lag 1, which would ask other"):
        search(fake, path, Chance(), lag=1)

    class Second(Learner):
        version = 2

    Second.__name__ = "Learner"
    with pytest.raises(JournalError, match=r"with Learner version 1; this is prunekit \S+ with Learner version 2, "):
        search(fake, path, Chance(), Second, lag=3)
    with pytest.raises(JournalError, match=r"with Learner version 1, lag 3; .*RandomSearch version 1, lag 2"):
        search(fake, path, Chance(), RandomSearch, lag=2)
