"""The data workers of a run that is killed, on whichever framework is there."""

from __future__ import annotations

import os
import random
import subprocess
import time
from pathlib import Path

import pytest
from processes import left_after, spawned_by

WORDS = ("tiny.yml", "--import", "tinypack", "-t", "t")


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="kills by signals, and looks processes up by ps")
@pytest.mark.parametrize("seed", range(4))
def test_they_end_with_it(
    tmp_path: Path, command: list[str], environment: dict[str, str], tiny: str, seed: int
) -> None:
    """They import the framework as they start, and end then as well as at work."""
    (tmp_path / "tiny.yml").write_text(tiny.replace("common: {", "common: {num_workers: 2, "))
    run = subprocess.Popen([*command, *WORDS], cwd=tmp_path, env=environment, stdout=subprocess.PIPE)
    workers: list[int] = []
    try:
        while run.poll() is None and not workers:
            workers = spawned_by(run.pid)
        time.sleep(random.Random(seed).uniform(0, 2))
        workers = spawned_by(run.pid) or workers
    finally:
        run.kill()
        run.communicate()
    assert workers and left_after(5, workers) == []
