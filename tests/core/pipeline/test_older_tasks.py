from __future__ import annotations

from prunekit.core.pipeline.older_tasks import as_now

OLD = {
    "type": "PruneAMC", "objective_keys": "accuracy", "reward_type": "acc_flops", "target_latency": None,
    "latency": None, "agent": {"warmup": 4, "reward_scale": 2.0, "reward_gamma": 0.5},
}  # fmt: skip
NOW = {"lag": 3, "costs": {"latency": {"batch_size": 1, "repeats": 20}}}


def search(**changes: object) -> dict[str, object]:
    found: dict[str, object] = as_now(
        {"nas": {"search_algorithm": {**OLD, **changes}}}, {"nas": {"search_algorithm": NOW}}
    )
    return found["nas"]["search_algorithm"]  # type: ignore[index, no-any-return]


def test_a_reward_of_0_1_is_said_as_now() -> None:
    assert search() == {
        "type": "PruneAMC", "objective_keys": "accuracy", "agent": {"warmup": 4},
        "reward": {"type": "acc_flops", "scale": 2.0, "gamma": 0.5}, "lag": 3,
    }  # fmt: skip
    assert search(agent=None)["reward"] == {"type": "acc_flops", "scale": 1.0, "gamma": 1.0}


def test_a_measured_cost_of_0_1_is_said_as_now() -> None:
    timed = search(reward_type="acc_latency", target_latency=5.0)
    assert timed["reward"] == {"type": "acc_latency", "scale": 2.0, "gamma": 0.5, "target_latency": 5.0}
    assert timed["costs"] == NOW["costs"]  # its defaults, which have not changed
    assert search(latency={"batch_size": 4})["costs"] == {"latency": {"batch_size": 4}}


def test_what_is_of_now_stays_as_it_is() -> None:
    block = {
        "imports": [],
        "nas": {"search_algorithm": {"type": "uniform", "reward": {"type": "acc_flops"}}},
        "x": None,
    }
    assert as_now(block, {}) == block
