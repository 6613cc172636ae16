from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from prunekit.core.cost import Cost
from prunekit.plugins.cost_estimators.activations import Activations

Cli = Callable[..., int]
BACKEND = os.environ["PRUNEKIT_TEST_BACKEND"]


def test_the_share_is_that_of_the_elements_written() -> None:
    model: Any = SimpleNamespace(full=Cost(9, 8, 60), estimate=lambda counts: Cost(7, 6, 5.0 * counts[0]))
    assert Activations().share(model, np.array([6])) == 0.5


@pytest.mark.parametrize(
    ("limit", "code", "told"),
    [
        ("0.6", 0, "within the bounds the search keeps 14.0% to 100.0% of the activations\n"),
        ("0.1", 2, "budget 'activations <= 0.1' cannot be met: within the bounds the network keeps 0.1404 to 1 of its"),
    ],
)
def test_a_budget_may_name_them(
    cli: Cli, tiny: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], limit: str, code: int, told: str
) -> None:
    (tmp_path / "a.yml").write_text(tiny.replace("flops <= 0.5", f"activations <= {limit}"))
    assert cli("inspect", "a.yml", "--import", "tinypack") == code
    said = capsys.readouterr()
    assert told in said.out + said.err
