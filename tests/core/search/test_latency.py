from __future__ import annotations

import pytest

from prunekit.core.search import Latency, LatencyMeter, Reference, TargetError
from prunekit.core.search.latency import latency_figures, shown

REFERENCE = Reference(9.3, 0.4, 5.1, 0.2, 1, 2)


def comparing(**times):
    """Times by name; the names are those asked for, in their order."""

    def compare(networks):
        assert list(networks) == list(times)
        return {name: Latency(tuple(each), 1, 2) for name, each in times.items()}

    return compare


def test_median_and_spread():
    latency = Latency((4.0, 1.0, 2.0, 3.0, 50.0), 8, 1)
    assert (latency.median_ms, latency.spread_ms) == (3.0, 2.0)


def test_the_reference_is_measured_in_turns():
    compare = comparing(original=[8.0, 10.0, 12.0], smallest=[4.0, 4.0, 6.0])
    assert Reference.measure(compare, "a", "b") == Reference(10.0, 2.0, 4.0, 1.0, 1, 2)


def test_a_machine_that_drifts_changes_no_figure():
    """Twice as slow since the reference, and slower with every turn: the share is the same."""
    drift = [10.0, 20.0, 30.0, 40.0]
    found = LatencyMeter(comparing(original=drift, trial=[x / 2 for x in drift]), "a", REFERENCE)("b")
    assert found["latency_share"] == 0.5 and found["latency_ms"] == pytest.approx(4.65)
    assert found["latency_share_error"] == found["latency_spread_ms"] == 0.0
    assert found["latency_original_ms"] == 25.0


def test_the_error_of_a_share():
    shares = [0.4, 0.45, 0.5, 0.55, 0.6]
    found = LatencyMeter(comparing(original=[10.0] * 5, trial=[10 * x for x in shares]), "a", REFERENCE)("b")
    assert found["latency_spread_ms"] == pytest.approx(0.93)
    assert found["latency_share_error"] == pytest.approx(1.858 * 0.1 / 5**0.5, rel=1e-3)
    assert latency_figures(found) == {
        "latency_ms": found["latency_ms"],
        "latency_spread_ms": found["latency_spread_ms"],
        "latency_batch_size": 1,
        "latency_threads": 2,
    }
    assert latency_figures({"prune": 1.0}) == {}


def test_a_clock_that_stands_still_is_told():
    with pytest.raises(TargetError, match="the clock did not move"):
        LatencyMeter(comparing(original=[1.0, 0.0], trial=[1.0, 1.0]), "a", REFERENCE)("b")


def test_a_target_out_of_reach_is_refused_with_what_is_in_reach():
    with pytest.raises(TargetError) as caught:
        REFERENCE.refuse(2.0, two_sided=False)
    assert str(caught.value) == (
        "target_latency 2 ms is out of reach: the smallest network within the bounds takes 5.1 ms, the original 9.3 ms"
        " (batch 1, 2 CPU thread(s)). Raise it, or lower the lower bounds or skip fewer modules"
    )
    with pytest.raises(TargetError, match=r"target_latency 12 ms .* pruning makes nothing slower. Lower it"):
        REFERENCE.refuse(12.0, two_sided=True)
    for target, two_sided in [(4.9, True), (9.7, True), (12.0, False), (7.0, True)]:
        REFERENCE.refuse(target, two_sided)


def test_milliseconds_as_people_read_them():
    assert [shown(x) for x in (0.01234, 1.5, 99.94, 1234.5)] == ["0.0123 ms", "1.5 ms", "99.9 ms", "1234 ms"]
