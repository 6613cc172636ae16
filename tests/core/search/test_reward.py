from __future__ import annotations

from prunekit.core.search.reward import Reading, Target, priced_costs, reward_class
from prunekit.plugins.rewards.acc_latency import AccLatency


def test_the_priced_costs_of_a_reward():
    assert [priced_costs(reward_class(f"acc_{name}")) for name in ("flops", "params")] == [("flops",), ("params",)]
    assert priced_costs(AccLatency) == priced_costs(AccLatency(), "pytorch") == ("flops",)  # what an agent sees

    class Both:
        costs = ("latency", "params", "flops")

    assert priced_costs(Both, "pytorch") == ("params", "flops")


def test_what_meets_a_target_within_the_error():
    target = Target("latency", 5.0)
    readings = [Reading(share, share * 10, 0.02) for share in (0.4, 0.5, 0.52, 0.53)]
    assert [target.met(reading) for reading in readings] == [True, True, True, False]
    assert Target("latency", 5.0, two_sided=True).met(readings[3])
