"""A finished tiny run whose files are mutated, gone on with: a line, or the run goes on; never a traceback."""

from __future__ import annotations

import random
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mutations import mutated_json, mutated_yml

from prunekit.registry import Register

Cli = Callable[..., int]
Finished = tuple[Path, Any]
WORDS = ("tiny.yml", "--import", "tinypack", "-t", "t", "-r")
FILES = ("resolved.json", "reports.json", "nas/journal.jsonl", "nas/desc_original.json", "DESC", "YML")
MANY = settings(
    max_examples=300, deadline=None, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip


def mutate(output: Path, name: str, rng: random.Random) -> None:
    """Change a file of the run or the yml, or put something else in its place."""
    if name == "YML":
        path = output.parents[2] / "tiny.yml"
        path.write_text(mutated_yml(path.read_text(), rng), encoding="utf-8", errors="surrogatepass")
        return
    path = next(output.glob("nas/desc_[0-9]*.json")) if name == "DESC" else output / name
    kind = rng.random()
    if kind < 0.05:
        path.unlink()
        rng.choice((path.mkdir, lambda: path.symlink_to("nowhere"), path.touch, lambda: None))()
    else:
        path.write_bytes(mutated_json(path.read_bytes(), rng))


@pytest.mark.slow
@MANY
@given(seed=st.integers(0, 2**32), name=st.sampled_from(FILES), longer=st.booleans())
def test_whatever_the_files_of_a_run_hold(
    finished: Finished, cli: Cli, tmp_path: Path, capsys: pytest.CaptureFixture[str], seed: int, name: str, longer: bool
) -> None:
    shutil.rmtree(tmp_path / "tasks", ignore_errors=True)
    shutil.copytree(finished[0], tmp_path, dirs_exist_ok=True)
    yml, output = tmp_path / "tiny.yml", tmp_path / "tasks/t/output"
    if longer:
        yml.write_text(yml.read_text().replace("train_episode: 8", "train_episode: 9"))
    else:
        (output / "summary.json").unlink()
    mutate(output, name, random.Random(seed))
    started = time.process_time()
    sys.modules.pop("tinypack", None)  # each example registers anew what it imports
    with Register.isolated():
        code = cli(*WORDS)
    said = capsys.readouterr()
    assert time.process_time() - started < 10
    assert "Traceback" not in said.out + said.err and said.err.replace("\n", "").isprintable()
    assert code == 0 or (code == 2 and said.err.startswith(("error: ", "tiny.yml")))


@pytest.mark.slow
@MANY
@given(seed=st.integers(0, 2**32))
def test_whatever_a_yml_holds(
    tiny: str, cli: Cli, tmp_path: Path, capsys: pytest.CaptureFixture[str], seed: int
) -> None:
    path = tmp_path / "tiny.yml"
    path.write_text(mutated_yml(tiny, random.Random(seed)), encoding="utf-8", errors="surrogatepass")
    started = time.process_time()
    sys.modules.pop("tinypack", None)  # each example registers anew what it imports
    with Register.isolated():
        code = cli("check", "tiny.yml", "--import", "tinypack")
    said = capsys.readouterr()
    assert time.process_time() - started < 10
    assert "Traceback" not in said.out + said.err and (said.out + said.err).replace("\n", "").isprintable()
    assert code == 0 or (code == 2 and said.err.startswith(("error: ", "tiny.yml", "warning: ")))
