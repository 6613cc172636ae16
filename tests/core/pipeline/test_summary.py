from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from prunekit.core.pipeline import summary
from prunekit.core.search.settings import SearchSettings


def _report(name: str, folder: Path, **figures: Any) -> dict[str, Any]:
    (folder / f"{name}.bin").write_bytes(b"x" * 1024)
    files = {"desc_file": f"{name}.json", "model_path": f"{name}.bin"}
    return {
        "step_name": ".",
        "objective_keys": ["accuracy"],
        **files,
        "performance": {"accuracy": 0.9, "macs": 1e6, "params": 2e3, **figures},
    }


def _described() -> SimpleNamespace:
    return SimpleNamespace(network=None, batch=lambda samples: np.zeros((samples, 3, 8, 9), np.float32))


@pytest.fixture
def summarized(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Summarize an original and a network with half of its activations, and one of which they are not known."""
    found = {
        "original": _report("original", tmp_path, activations=4000),
        "a": _report("a", tmp_path, activations=2000),
        "b": _report("b", tmp_path),
    }
    monkeypatch.setattr(summary, "_chosen", lambda _: found)
    monkeypatch.setattr(summary, "_measured", lambda *_: {})
    monkeypatch.setattr(summary, "_paths", lambda *_: {})
    monkeypatch.setattr(summary, "described_subject", lambda *_: _described())
    monkeypatch.setattr(summary, "draw_predictions", lambda *_: False)

    def run(budget: str) -> tuple[list[list[str]], list[dict[str, Any]]]:
        said: list[str] = []
        step = SimpleNamespace(settings=SearchSettings(budget=budget), objective=None)
        config = SimpleNamespace(
            steps={"nas": step, "train": SimpleNamespace(settings=None, objective=None)}, pipeline=["nas"]
        )
        folder = SimpleNamespace(output=tmp_path, summary=tmp_path / "summary.json")
        backend, reporter = SimpleNamespace(device="CPU"), SimpleNamespace(say=said.append)
        summary.summarize(SimpleNamespace(config=config, folder=folder, backend=backend, reporter=reporter))  # type: ignore[arg-type]
        return [line.split() for line in said], json.loads(folder.summary.read_text())

    return run


def test_activations_are_a_column_where_the_budget_names_them(summarized: Any) -> None:
    lines, rows = summarized("flops <= 0.5 and activations <= 0.5")
    assert "(3x8x9)" in lines[-1]
    assert lines[0] == ["network", "accuracy", "MACs", "parameters", "activations", "latency", "file", "size"]
    assert lines[2][6:9] == ["4.0", "K", "-"] and lines[3][8:11] == ["2.0", "K", "(50%)"]
    assert lines[4][-4:] == ["-", "1", "KiB", "(100%)"] and lines[4][-5] == "-"  # not known of it
    assert [row["activations"] for row in rows] == [4000, 2000, None]


def test_and_nowhere_where_nothing_asks_for_them(summarized: Any) -> None:
    lines, rows = summarized("flops <= 0.5")
    assert lines[0][-1] == "size" and all("activations" not in row for row in rows)
