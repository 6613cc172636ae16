"""What a run keeps decoded while a step looks at it again and again: once, and gone with the step."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from prunekit.core.config import ConfigError, load_config
from prunekit.core.search.evaluator import Evaluator
from prunekit.registry import Register

Cli = Callable[..., int]
Said = pytest.CaptureFixture[str]
WORDS = ("x.yml", "--import", "tinypack", "-t")


@pytest.fixture
def decoded(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[int]]:
    """How many samples were read of datasets of so many."""
    Register.import_module("tinypack")
    import tinypack

    counts: Counter[int] = Counter()
    read = tinypack.TinyLights.__getitem__

    def counted(self: Any, index: int) -> Any:
        counts[self.of_split] += 1
        return read(self, index)

    made = tinypack.TinyLights.__init__

    def init(self: Any, split: Any, *args: Any, **kwargs: Any) -> None:
        made(self, split, *args, **kwargs)
        self.of_split = split

    monkeypatch.setattr(tinypack.TinyLights, "__init__", init)
    monkeypatch.setattr(tinypack.TinyLights, "__getitem__", counted)
    yield counts


def yml(tiny: str, cache_gb: float | None = None, steps: str = "pretrain, nas") -> str:
    text = tiny.replace("[pretrain, nas, fully_train]", f"[{steps}]").replace("train_episode: 8", "train_episode: 3")
    more = "" if cache_gb is None else f", cache_gb: {cache_gb}"
    return text.replace("common: {batch_size: 32}", f"common: {{batch_size: 32{more}}}")


def results(task: Path) -> list[Any]:
    lines = (task / "output/nas/journal.jsonl").read_text().splitlines()
    return [json.loads(line)["result"] for line in lines if '"tell"' in line]


def test_the_held_out_images_of_a_step_are_decoded_once(
    cli: Cli, tiny: str, tmp_path: Path, decoded: Counter[str], capsys: Said
) -> None:
    (tmp_path / "x.yml").write_text(yml(tiny))
    assert cli(*WORDS, "once") == 0
    once, said = decoded["val"], capsys.readouterr().out
    decoded.clear()
    (tmp_path / "x.yml").write_text(yml(tiny, 0.00001))
    assert cli(*WORDS, "part") == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "x.yml:8: pretrain.dataset.val: 8.45e-06 GB of decoded samples are kept, as cache_gb says; the rest" in told
    assert "decoded samples" not in said
    part = decoded["val"]
    decoded.clear()
    (tmp_path / "x.yml").write_text(yml(tiny, 0))
    assert cli(*WORDS, "none") == 0
    # pretrain: its first pass and three epochs; nas: the original network and three trials
    assert (once, part, decoded["val"]) == (2 * 64, 2 * 64 + (3 + 3) * 32, (4 + 4) * 64)
    assert results(tmp_path / "tasks/once") == results(tmp_path / "tasks/part") == results(tmp_path / "tasks/none")
    assert not list((tmp_path / "tasks").glob("*/cache"))


def test_nothing_is_left_when_a_step_is_stopped_and_it_goes_on(
    cli: Cli, tiny: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x.yml").write_text(yml(tiny))
    task, seen = tmp_path / "tasks/t", list[bool]()
    evaluate = Evaluator.__call__

    def stopped(self: Evaluator, trial: Any) -> Any:
        if trial.id == 1:
            seen.append((task / "cache/nas/held_out.batches").exists())
            raise KeyboardInterrupt
        return evaluate(self, trial)

    with monkeypatch.context() as patch:
        patch.setattr(Evaluator, "__call__", stopped)
        assert cli(*WORDS, "t") == 130
    assert seen == [True] and not (task / "cache").exists()
    (task / "cache/nas").mkdir(parents=True)
    (task / "cache/nas/held_out.batches").write_bytes(b"of a process that was killed")
    assert cli(*WORDS, "t", "-r") == 0
    assert cli(*WORDS, "whole") == 0
    assert results(task) == results(tmp_path / "tasks/whole") and not (task / "cache").exists()


def test_how_much_is_kept_may_change_on_the_way(cli: Cli, tiny: str, tmp_path: Path) -> None:
    (tmp_path / "x.yml").write_text(yml(tiny))
    assert cli(*WORDS, "t") == 0
    (tmp_path / "x.yml").write_text(yml(tiny, 0.5))
    assert cli(*WORDS, "t", "-r") == 0


@pytest.mark.parametrize("value", ["-1", ".inf", "many", "true"])
def test_what_is_no_size_is_refused(cli: Cli, tiny: str, tmp_path: Path, value: Any) -> None:
    Register.import_module("tinypack")
    (tmp_path / "x.yml").write_text(yml(tiny, value))
    with pytest.raises(ConfigError, match=r"x.yml:\d+  \w+.dataset.common.cache_gb: must be"):
        load_config(tmp_path / "x.yml")
