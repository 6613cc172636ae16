from __future__ import annotations

from prunekit.core.search.trial import Record, Result, Trial
from prunekit.plugins.pipe_steps.messages import line, short


def _record(result: Result, shares: dict[str, float] | None) -> Record:
    trial = None if shares is None else Trial(4, (1,), (0.5,), shares, True, None)  # type: ignore[arg-type]
    return Record(4, trial, result)


def test_lines_of_an_episode() -> None:
    good = _record(Result("ok", 9, 10, 0.5, -0.25), {"flops": 0.5, "params": 0.123})
    assert line(good) == "episode 5: reward -0.2500, accuracy 90.00%, flops 50.0%, params 12.3%"
    assert short(good, [good]) == "best -0.2500, now -0.2500, accuracy 90.0%, flops 50.0%, params 12.3%"
    unlearnt = _record(Result("ok", 9, 10, 0.5, -0.25, "not learnt from: X: y\nz"), {"flops": 0.5})
    assert line(unlearnt).endswith("flops 50.0%, not learnt from: X: y z")
    failed = _record(Result("failed", message="E: a\nb"), {"flops": 0.5})
    assert line(failed) == "episode 5: failed, flops 50.0%, E: a b"
    assert short(failed, []) == "now failed: E: a b"
    assert line(_record(Result("failed", message="asking failed: E"), None)) == "episode 5: failed, asking failed: E"
