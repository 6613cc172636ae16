from __future__ import annotations

from results import counted

from prunekit.core.cost.measuring import Reference
from prunekit.core.search.trial import Record, Result, Trial
from prunekit.plugins.pipe_steps.messages import line, short


def _record(result: Result, shares: dict[str, float] | None) -> Record:
    trial = None if shares is None else Trial(4, (1,), (0.5,), shares, True, None)  # type: ignore[arg-type]
    return Record(4, trial, result)


def test_lines_of_an_episode() -> None:
    good = _record(counted(9, 10, 0.5, -0.25), {"flops": 0.5, "params": 0.123})
    assert line(good, "accuracy") == "episode 5: reward -0.2500, accuracy 90.00%, flops 50.0%, params 12.3%"
    assert short(good, [good], "accuracy") == "best -0.2500, now -0.2500, accuracy 90.0%, flops 50.0%, params 12.3%"
    unlearnt = _record(counted(9, 10, 0.5, -0.25, message="not learnt from: X: y\nz"), {"flops": 0.5})
    assert line(unlearnt, "accuracy").endswith("flops 50.0%, not learnt from: X: y z")
    failed = _record(Result("failed", message="E: a\nb"), {"flops": 0.5})
    assert line(failed, "accuracy") == "episode 5: failed, flops 50.0%, E: a b"
    assert short(failed, [], "accuracy") == "now failed: E: a b"
    assert (
        line(_record(Result("failed", message="asking failed: E"), None), "accuracy")
        == "episode 5: failed, asking failed: E"
    )


def test_measured_costs_and_other_metrics_are_named() -> None:
    energy = Reference("energy", "mJ", 4.0, 0.0, 1.0, 0.0)
    measured = {"energy_mJ": 2.0, "energy_spread_mJ": 0.25, "energy_share": 0.5}
    found = _record(counted(9, 10, 0.5, -0.25, measured=measured), {"flops": 0.5})
    said = "episode 5: reward -0.2500, mAP 90.00%, flops 50.0%, energy 2 mJ (50.0%, spread 0.25 mJ)"
    assert line(found, "mAP", [energy]) == said
    assert short(found, [], "mAP", [energy]) == "now -0.2500, mAP 90.0%, energy 2 mJ"
