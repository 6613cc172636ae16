"""What a search aims at, under its own keys and under those of the guide."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import PositiveFloat

from prunekit.core.config.dump import resolved
from prunekit.registry import Register, RegisterType

Read = Callable[..., Any]
YML = """\
general: {{backend: pytorch}}
pipeline: [nas]
nas:
  pipe_step: {{type: SearchPipeStep}}
  model: {{model_desc: {{backbone: {{type: ResNet_ModelZoo}}}}}}
  dataset: {{type: Imagenet, common: {{data_path: data}}}}
  search_algorithm:
    type: PruneAMC
{0}
"""


class Timed:
    costs = ("latency",)

    def __init__(self, *, target_latency: PositiveFloat, scale: float = 1.0, gamma: float = 1.0) -> None: ...


class Clock:
    unit = "ms"

    def __init__(self, *, batch_size: int = 1, repeats: int = 20) -> None: ...

    def compare(self, networks, inputs, device): ...


class AccFlops:
    costs = ("flops",)

    def __init__(self, *, scale: PositiveFloat = 1.0, gamma: float = 1.0) -> None: ...


@pytest.fixture(autouse=True)
def parts(components: None) -> None:
    for kind, name, component, backend in [
        (RegisterType.REWARD, "acc_flops", AccFlops, None),
        (RegisterType.REWARD, "acc_latency", Timed, None),
        (RegisterType.COST_ESTIMATOR, "latency", Clock, "pytorch"),
    ]:
        Register.register(kind, component, name=name, backend=backend, override=True)


def lines(*keys: str) -> str:
    return YML.format("\n".join(f"    {key}" for key in keys))


@pytest.mark.parametrize(
    "keys",
    [
        ("reward: {type: acc_flops, scale: 2, gamma: 3}",),
        ("reward: {type: acc_flops, params: {scale: 2, gamma: 3}}",),
        ("reward_type: acc_flops", "agent: {reward_scale: 2, reward_gamma: 3}"),
        ("reward_type: acc_flops", "agent: {params: {reward_scale: 2, reward_gamma: 3}}"),
        ("reward: {scale: 2}", "agent: {reward_gamma: 3, warmup: 100}"),
        ("reward_type: acc_flops", "reward: {gamma: 3}", "agent: {reward_scale: 2}", "target_latency: ~"),
    ],
)
def test_the_guides_keys_mean_the_same(read: Read, keys: tuple[str, ...]) -> None:
    found = read(lines(*keys)).steps["nas"]
    assert (found.objective.reward.name, found.objective.reward.params) == ("acc_flops", {"scale": 2.0, "gamma": 3.0})
    assert found.objective.costs == {} and found.metric == "accuracy"


def test_without_any_word_the_reward_is_that_of_macs(read: Read) -> None:
    found = read(lines("lbound: 0.1")).steps["nas"]
    assert found.objective.reward.name == "acc_flops" and found.objective.reward.params == {}


def test_costs_are_set_where_the_reward_looks_at_them_or_the_summary_shows_them(read: Read) -> None:
    for keys in (("latency: {repeats: 3}",), ("costs: {latency: {repeats: 3}}",)):
        shown = read(lines(*keys)).steps["nas"].objective
        assert shown.costs["latency"].params == {"repeats": 3} and shown.measured == {}
        aimed = read(lines("reward_type: acc_latency", "target_latency: 5", *keys)).steps["nas"].objective
        assert list(aimed.measured) == ["latency"] and aimed.reward.params == {"target_latency": 5.0}
    default = read(lines("reward: {type: acc_latency, target_latency: 5}")).steps["nas"].objective
    assert default.costs["latency"].defaults == {"batch_size": 1, "repeats": 20}


def test_the_resolved_form_has_one_spelling(read: Read) -> None:
    keys = ("reward_type: acc_latency", "target_latency: 5", "agent: {reward_scale: 2}", "latency: {repeats: 3}")
    block = resolved(read(lines(*keys)))["nas"]["search_algorithm"]
    assert block["reward"] == {"type": "acc_latency", "gamma": 1.0, "scale": 2.0, "target_latency": 5.0}
    assert block["costs"] == {"latency": {"batch_size": 1, "repeats": 3}} and block["objective_keys"] == "accuracy"
    assert not {"reward_type", "target_latency", "latency"} & block.keys()


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (("reward_type: acc_flop",), ":9  nas.search_algorithm.reward_type: no reward named 'acc_flop'. Did you mean"),
        (("reward: 3",), ":9  nas.search_algorithm.reward: must be a block with a 'type', not 3"),
        (("reward: {type: acc_flops, scal: 2}",), "reward.scal: unknown key. Did you mean 'scale'?"),
        (("agent: {reward_scale: -1}",), ":9  nas.search_algorithm.agent.reward_scale: must be greater than 0, not -1"),
        (
            ("reward: {type: acc_flops, scale: 2}", "agent: {reward_scale: 1}"),
            ":10  nas.search_algorithm.agent.reward_scale: the reward's 'scale' is said twice: here and in nas.search",
        ),
        (("reward_type: acc_flops", "reward: {type: acc_flops}"), "the reward's 'type' is said twice"),
        (
            ("target_latency: 3",),
            ":9  nas.search_algorithm.target_latency: reward 'acc_flops' takes no 'target_latency'; it goes with acc_",
        ),
        (("reward_type: acc_latency", "target_latency: 0"), "target_latency: must be greater than 0, not 0"),
        (
            ("reward_type: acc_latency",),
            ":9  nas.search_algorithm.reward_type: reward 'acc_latency' needs target_latency",
        ),
        (("latency: {repeats: x}",), ":9  nas.search_algorithm.latency.repeats: must be a whole number, not 'x'"),
        (("latency: {repeat: 3}",), "latency.repeat: unknown key. Did you mean 'repeats'?"),
        (
            ("costs: {flops: {}}",),
            "search_algorithm.costs.flops: 'flops' is priced, not measured: there is nothing",
        ),
        (("costs: {latncy: {}}",), "no cost estimator named 'latncy'. Did you mean 'latency'?"),
        (("costs: 3",), "costs: must be a block with the names of costs, not 3"),
        (("costs: {latency: {}}", "latency: {}"), "'latency' is said twice"),
        (("objective_keys: acuracy",), ":9  nas.search_algorithm.objective_keys: no metric named 'acuracy'. Did you"),
        (("objective_keys: [accuracy, flops]",), "objective_keys: must be the name of a metric, not ['accuracy', 'flo"),
        (
            ('budget: "flops <= 0.5 and latency <= 0.5"',),
            ":9  nas.search_algorithm.budget: 'latency <= 0.5': latency is not priced from the channels that stay",
        ),
        (('budget: "latency <= 0.5"',), "let the reward look at it: reward_type acc_abs_latency or acc_latency"),
        (("reward_type: mine",), "reward 'mine' names no costs: a class attribute 'costs', such as ('flops',)"),
    ],
)
def test_mistakes(problems: Callable[..., list[str]], keys: tuple[str, ...], said: str) -> None:
    Register.register(RegisterType.REWARD, type("Mine", (), {}), name="mine")
    found = problems(lines(*keys))
    assert len([line for line in found if said in line]) == 1 == len(found), found


def test_a_rewards_cost_that_the_backend_cannot_measure(problems: Callable[..., list[str]]) -> None:
    Register.register(RegisterType.REWARD, type("Watts", (), {"costs": ("energy",)}), name="watts")
    (line,) = problems(lines("reward_type: watts"))
    assert "reward 'watts' looks at energy, which cannot be measured here (no cost estimator named 'energy'" in line


def test_a_reward_of_a_pack_takes_what_its_constructor_takes(read: Read, problems: Callable[..., list[str]]) -> None:
    class Steep:
        costs = ("params",)

        def __init__(self, steepness: float) -> None: ...

    Register.register(RegisterType.REWARD, Steep, name="steep")
    found = read(lines("reward: {type: steep, steepness: 2}")).steps["nas"]
    assert found.objective.reward.params == {"steepness": 2.0}
    (line,) = problems(lines("reward: {type: steep, steepness: 2}", "agent: {reward_gamma: 3}"))
    assert "agent.reward_gamma: reward 'steep' takes no 'gamma'; it goes with " in line
