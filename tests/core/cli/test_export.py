"""``prunekit export``, on whichever framework is there."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from prunekit.core.backend_factory import make_backend
from prunekit.core.data.batch_size import batch_size
from prunekit.core.pipeline import exporting
from prunekit.core.pipeline.description import Description
from prunekit.core.pipeline.exporting import Exported
from prunekit.core.pipeline.named_network import named_network
from prunekit.registry import Register, RegisterType

Cli = Callable[..., int]
Said = pytest.CaptureFixture[str]
BACKEND = os.environ["PRUNEKIT_TEST_BACKEND"]
KIND = "onnx" if BACKEND == "pytorch" else "mindir"


@pytest.fixture
def described(tmp_path: Path) -> Path:
    """A description with weights beside it."""
    backend = make_backend(BACKEND)
    backend.save(named_network(backend, "CifarResNet", {"depth": 8}), tmp_path / "model_3.safetensors")
    inputs = {"shape": [1, 3, 32, 32], "dtype": "float32"}
    description = Description("CifarResNet", {"depth": 8}, BACKEND, inputs, "model_3.safetensors", pack="prunekit")
    (tmp_path / "desc_3.json").write_text(json.dumps(description.to_json()))
    return tmp_path / "desc_3.json"


def test_a_network_is_written_beside_its_description(cli: Cli, capsys: Said, described: Path) -> None:
    pytest.importorskip("onnxruntime") if KIND == "onnx" else None
    assert cli("export", described, "--format", KIND) == 0
    said, path = capsys.readouterr().out.splitlines(), described.with_name(f"model_3.{KIND}")
    assert path.stat().st_size > 100_000
    assert said[0].startswith(f"{path}: {KIND}") and said[0].endswith(" MiB, takes any number of samples")
    assert said[1].startswith("outputs as the network's to ") and said[1].endswith("(batches of 1 and 2)")
    assert cli("export", described, "--format", KIND, "-o", "here/fixed", "--batch", "3") == 0
    assert Path("here/fixed").exists()
    said = capsys.readouterr().out.splitlines()
    assert said[0].endswith("takes batches of 3") and said[1].endswith("(batches of 3)")


def test_what_cannot_be_is_told(cli: Cli, capsys: Said, described: Path) -> None:
    assert cli("export", described, "--format", "onx") == 2
    assert capsys.readouterr().err == "error: no exporter named 'onx'. Did you mean 'onnx'?\n"
    assert cli("export", described, "--format", KIND, "--batch", "0") == 2
    assert capsys.readouterr().err == "error: --batch 0: the number of samples is at least 1\n"
    assert cli("export", described.with_name("desc_4.json"), "--format", KIND) == 2
    assert "desc_4.json cannot be read" in capsys.readouterr().err
    if BACKEND == "pytorch":
        assert cli("export", described, "--format", "mindir") == 2
        assert capsys.readouterr().err == "error: exporter 'mindir' exists for backend mindspore, not for pytorch\n"


class _Exporter:
    """Writes nothing; says what it was given."""

    suffix = ".txt"

    def export(self, network: str, inputs: Any, path: Path, *, any_batch: bool = True) -> Exported:
        path.write_text(f"{network} {batch_size(inputs)}")
        return Exported(path, "said", 0.0, (1, 2) if any_batch else (batch_size(inputs),))


class _Parted:
    def exported_parts(self, inputs: np.ndarray) -> dict[str, tuple[str, Any]]:
        return {"first": ("Whole", inputs), "second": ("Regions", (np.zeros((7, 4)), inputs))}


def test_a_network_of_parts_is_a_file_for_each(
    cli: Cli, capsys: Said, described: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    subject = SimpleNamespace(network=_Parted(), batch=lambda samples: np.zeros((samples, 3)))
    monkeypatch.setattr(exporting, "described_subject", lambda backend, path: subject)
    Register.register(RegisterType.EXPORTER, _Exporter, name="said", backend=BACKEND)
    assert cli("export", described, "--format", "said") == 0
    first, second = (described.with_name(f"model_3_{part}.txt") for part in ("first", "second"))
    assert (first.read_text(), second.read_text()) == ("Whole 1", "Regions 7")
    assert cli("export", described, "--format", "said", "--batch", "2", "-o", "to.txt") == 0
    assert Path("to_first.txt").read_text() == "Whole 2" and Path("to_second.txt").read_text() == "Regions 7"
    taken = [line.rpartition("takes ")[2] for line in capsys.readouterr().out.splitlines()[::2]]
    assert taken == ["any number of samples", "any number of samples", "batches of 2", "any number of samples"]
