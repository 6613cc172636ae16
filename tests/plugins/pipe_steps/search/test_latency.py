"""A search by measured latency, from the yml to the report."""

from __future__ import annotations

import csv
import json
import math
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from prunekit.core.api import backend_for
from prunekit.core.cost import Turns
from prunekit.registry import Register, RegisterType

Cli = Callable[..., int]
Said = pytest.CaptureFixture[str]
BACKEND = os.environ["PRUNEKIT_TEST_BACKEND"]
YML = """\
pipeline: [nas]
nas:
  pipe_step: {{type: SearchPipeStep}}
  model: {{model_desc: {{backbone: {{type: TinyNet}}}}}}
  dataset: {{type: TinyLights, common: {{batch_size: 32}}}}
  search_algorithm:
    type: random
    reward_type: {reward}
    target_latency: {target}
    latency: {{batch_size: 4, threads: 1, warmup: 1, repeats: 3}}
    train_episode: {episodes}
    channel_round: 1
    lbound: 0.1
    plot_train_curve: True
general: {{backend: BACKEND}}
""".replace("BACKEND", BACKEND)
WORDS = ("x.yml", "--import", "tinypack", "-t", "t")


def estimator() -> Any:
    return Register.get(RegisterType.COST_ESTIMATOR, "latency", BACKEND)


def parameters(network: Any) -> int:
    """How many weights are trained, of a network that has running statistics beside them."""
    shapes = backend_for(network).weight_shapes(network)
    return sum(math.prod(shape) for name, shape in shapes.items() if not re.search("running_|moving_|_tracked", name))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Times that follow the parameters, on a machine that slows down by a tenth with every measurement."""
    calls: list[Any] = []

    def compare(self: Any, networks: Mapping[str, Any], inputs: Any, device: str) -> dict[str, Turns]:
        calls.append((tuple(networks), inputs.shape, self.threads, self.warmup, self.repeats))
        sizes = {name: parameters(network) for name, network in networks.items()}
        slow, how = 1.1 ** len(calls), {"batch_size": len(inputs), "threads": 1}
        return {name: Turns((size * slow / 300,) * self.repeats, how) for name, size in sizes.items()}

    monkeypatch.setattr(estimator(), "compare", compare)
    return calls


def search(
    cli: Cli, tmp_path: Path, *more: str, reward: str = "acc_latency", target: str = "5", episodes: int = 5
) -> Any:
    (tmp_path / "x.yml").write_text(YML.format(reward=reward, target=target, episodes=episodes))
    return cli(*WORDS, *more)


def test_what_a_search_by_latency_leaves(cli: Cli, tmp_path: Path, clock: list[Any], capsys: Said) -> None:
    assert search(cli, tmp_path) == 0
    out, folder = capsys.readouterr().out, tmp_path / "tasks/t/output/nas"
    assert clock[0] == (("original", "smallest"), (4, 1, 8, 8), 1, 1, 3)
    assert clock[1:6] == [(("original", "trial"), (4, 1, 8, 8), 1, 1, 3)] * 5
    assert clock[6][1:] == clock[0][1:]  # the summary measures as the search did
    reference = json.loads((folder / "latency.json").read_text())
    assert (reference["conditions"], reference["device"]) == ({"batch_size": 4, "threads": 1}, "CPU")
    whole = f"the original {reference['original']:.3g} ms (batch_size 4, threads 1); target 5 ms"
    assert whole in next(line for line in out.splitlines() if line.startswith("nas: latency on CPU: the smallest"))
    episodes = [line for line in out.splitlines() if line.startswith("nas episode ")]
    assert len(episodes) == 5 and all(", flops " in line and ", latency " in line for line in episodes)
    assert "latency: median on CPU (batch_size 4, threads 1), networks measured in turns" in out
    rows = list(csv.DictReader((folder / "output.csv").read_text().splitlines()))
    assert float(rows[0]["latency_ms"]) == reference["original"]
    best = json.loads((folder / f"performance_{rows[1]['worker_id']}.json").read_text())
    expected = best["params"] / 300 * reference["original"] / (original_params(rows) / 300)
    assert best["latency_ms"] == pytest.approx(expected) and best["latency_ms"] <= 5
    assert (best["latency_batch_size"], best["latency_threads"], best["latency_spread_ms"]) == (4, 1, 0.0)


def original_params(rows: list[dict[str, str]]) -> int:
    return int(rows[0]["params"])


def test_a_resumed_search_goes_on_with_its_reference(cli: Cli, tmp_path: Path, clock: list[Any]) -> None:
    assert search(cli, tmp_path, episodes=3) == 0
    folder = tmp_path / "tasks/t/output/nas"
    reference, first = (folder / "latency.json").read_text(), (folder / "journal.jsonl").read_bytes()
    measured = len(clock)
    assert search(cli, tmp_path, "-r", episodes=6) == 0
    assert (folder / "latency.json").read_text() == reference
    assert (folder / "journal.jsonl").read_bytes().startswith(first)
    assert [names for names, *_ in clock[measured:-1]] == [("original", "trial")] * 3
    whole = json.loads(reference)["original"]
    for line in (folder / "journal.jsonl").read_text().splitlines():
        if '"tell"' in line:
            found = json.loads(line)["measured"]
            assert found["latency_ms"] == pytest.approx(found["latency_share"] * whole)
    (folder / "latency.json").write_text('{"original_ms": 1}')
    assert search(cli, tmp_path, "-r", episodes=7) == 2


@pytest.mark.parametrize(
    ("reward", "target", "said"),
    [
        (
            "acc_latency",
            "0.001",
            "target_latency 0.001 ms is out of reach: the smallest network within the bounds takes",
        ),
        ("acc_abs_latency", "5000", "(batch_size 4, threads 1), and pruning makes no network dearer. Lower it"),
        ("acc_abs_latency", "~", "nas.search_algorithm.reward_type: reward 'acc_abs_latency' needs target_latency"),
        ("acc_flops", "5", "x.yml:9  nas.search_algorithm.target_latency: reward 'acc_flops' takes no"),
    ],
)
def test_targets_that_cannot_be(
    cli: Cli, tmp_path: Path, clock: list[Any], capsys: Said, reward: str, target: str, said: str
) -> None:
    assert search(cli, tmp_path, reward=reward, target=target) == 2
    assert said in capsys.readouterr().err
    assert len(clock) <= 1  # before any trial


def test_a_target_that_no_trial_meets_is_told(cli: Cli, tmp_path: Path, clock: list[Any], capsys: Said) -> None:
    assert search(cli, tmp_path, target="0.5", episodes=2) == 0
    out = capsys.readouterr().out
    assert "warning: nas: no sampled network meets target_latency 0.5 ms; the best, of episode " in out


def test_no_target_and_networks_that_cannot_be_measured(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    def fails(*_: Any, **__: Any) -> Any:
        raise RuntimeError("batches of one only")

    monkeypatch.setattr(estimator(), "compare", fails)
    assert search(cli, tmp_path, target="~") == 2
    assert "nas: latency cannot be measured with a batch of 4: RuntimeError: batches of one" in capsys.readouterr().err


def test_for_real(cli: Cli, tmp_path: Path, capsys: Said) -> None:
    assert search(cli, tmp_path, target="~", episodes=2) == 0
    rows = json.loads((tmp_path / "tasks/t/output/summary.json").read_text())
    assert all(row["latency_ms"] > 0 and (row["latency_batch_size"], row["latency_threads"]) == (4, 1) for row in rows)
