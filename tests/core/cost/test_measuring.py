from __future__ import annotations

import pytest

from prunekit.core.cost import Turns
from prunekit.core.cost.measuring import CostMeter, MeasuringError, Reference, measuring, shown

HOW = {"batch_size": 1, "threads": 2}
REFERENCE = Reference("latency", "ms", 9.3, 0.4, 5.1, 0.2, HOW)


def comparing(**times):
    """Times by name; the names are those asked for, in their order."""

    def compare(networks):
        assert list(networks) == list(times)
        return {name: Turns(tuple(each), HOW) for name, each in times.items()}

    return compare


def test_the_reference_is_measured_in_turns():
    compare = comparing(original=[8.0, 10.0, 12.0], smallest=[4.0, 4.0, 6.0])
    assert Reference.measure("latency", "ms", compare, "a", "b") == Reference("latency", "ms", 10.0, 2.0, 4.0, 1.0, HOW)
    with pytest.raises(MeasuringError, match="latency cannot be measured: the original network's is 0 ms"):
        Reference.measure("latency", "ms", comparing(original=[0.0], smallest=[1.0]), "a", "b")


def test_a_machine_that_drifts_changes_no_figure():
    """Twice as slow since the reference, and slower with every turn: the share is the same."""
    drift = [10.0, 20.0, 30.0, 40.0]
    found = CostMeter(comparing(original=drift, trial=[x / 2 for x in drift]), "a", REFERENCE)("b")
    assert found["latency_share"] == 0.5 and found["latency_ms"] == pytest.approx(4.65)
    assert found["latency_share_error"] == found["latency_spread_ms"] == 0.0
    assert found["latency_original_ms"] == 25.0


def test_the_error_of_a_share():
    shares = [0.4, 0.45, 0.5, 0.55, 0.6]
    found = CostMeter(comparing(original=[10.0] * 5, trial=[10 * x for x in shares]), "a", REFERENCE)("b")
    assert found["latency_spread_ms"] == pytest.approx(0.93)
    assert found["latency_share_error"] == pytest.approx(1.858 * 0.1 / 5**0.5, rel=1e-3)
    assert REFERENCE.recorded(found) == {
        "latency_ms": found["latency_ms"],
        "latency_spread_ms": found["latency_spread_ms"],
        "latency_batch_size": 1,
        "latency_threads": 2,
    }
    assert REFERENCE.recorded({"prune": 1.0}) == {}
    assert list(REFERENCE.figures()) == list(REFERENCE.recorded(found))


def test_a_clock_that_stands_still_is_told():
    with pytest.raises(MeasuringError, match="latency cannot be measured: a value of ms was not above zero"):
        CostMeter(comparing(original=[1.0, 0.0], trial=[1.0, 1.0]), "a", REFERENCE)("b")


def test_a_reference_as_people_read_it():
    assert str(REFERENCE) == (
        "the smallest network within the bounds takes 5.1 ms, the original 9.3 ms (batch_size 1, threads 2)"
    )
    amounts = [shown(x, "mJ") for x in (0.01234, 1.5, 99.94, 1234.5)]
    assert amounts == ["0.0123 mJ", "1.5 mJ", "99.9 mJ", "1234 mJ"]


def test_several_costs_are_measured_one_after_the_other():
    energy = Reference("energy", "mJ", 4.0, 0.0, 1.0, 0.0)
    times = comparing(original=[10.0], trial=[5.0])
    found = measuring([CostMeter(times, "a", REFERENCE), CostMeter(times, "a", energy)])("b")
    assert (found["latency_ms"], found["energy_mJ"]) == (4.65, 2.0)
    assert measuring([]) is None
