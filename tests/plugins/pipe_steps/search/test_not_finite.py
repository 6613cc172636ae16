"""What nothing can be computed with is refused before the first trial, by its name."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from prunekit.core.backend_factory import make_backend
from prunekit.registry import Register, RegisterType

Cli = Callable[..., int]
Said = pytest.CaptureFixture[str]
USE = ("--import", "tinypack", "-t", "t")
WHOLE = "    common: {batch_size: 32}"


def _search(text: str, split: str = "", fault: str = "") -> str:
    text = text.replace("[pretrain, nas, fully_train]", "[nas]").replace(
        "'{local_base_path}/output/pretrain/model_0.safetensors'", "w.safetensors"
    )
    return text.replace(WHOLE, f"{WHOLE}\n    {split}: {{fault: {fault}}}") if split else text


def _write_weights(path: Path, change: Callable[[dict[str, np.ndarray]], None] | None = None) -> None:
    """Weights of a tiny network, as `change` leaves them."""
    name = os.environ["PRUNEKIT_TEST_BACKEND"]
    Register.import_module("tinypack")
    backend = make_backend(name, "CPU")
    network = backend.build(Register.get(RegisterType.NETWORK, "TinyNet", name), {}, 0)
    arrays = backend.state_arrays(network)
    if change is not None:
        change(arrays)
    backend.save(backend.with_state(network, arrays), path)


def _first(arrays: dict[str, np.ndarray], *ends: str) -> str:
    return next(name for name in arrays if name.endswith(ends))


@pytest.mark.parametrize(
    ("split", "fault", "told"),
    [
        ("val", "NaN", "split val of TinyLights, sample 40: NaN in inputs"),
        ("test", "NaN", "split test of TinyLights, sample 40: NaN in inputs"),
        ("test", "inf", "split test of TinyLights, sample 40: infinite values in target"),
        ("test", "SystemExit", "split test of TinyLights, sample 40: SystemExit: 0"),
        ("val", "OSError", "split val of TinyLights, sample 40: FileNotFoundError: [Errno 2] No such file or"),
        ("train", "NaN", "split train of TinyLights, sample 40: NaN in inputs"),
    ],
)
def test_data(cli: Cli, capsys: Said, tiny: str, tmp_path: Path, split: str, fault: str, told: str) -> None:
    _write_weights(tmp_path / "w.safetensors")
    (tmp_path / "x.yml").write_text(_search(tiny, split, fault))
    assert cli("x.yml", *USE) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: x.yml:") and ": nas: " in said and told in said
    assert not (tmp_path / "tasks/t/output/nas/journal.jsonl").exists()
    (tmp_path / "x.yml").write_text(_search(tiny).replace("train_episode: 8", "train_episode: 1"))
    assert cli("x.yml", *USE, "-r") == 0, capsys.readouterr().err  # nothing has been computed: it may be mended


def _with_nan(arrays: dict[str, np.ndarray]) -> None:
    arrays[_first(arrays, "weight")].flat[3] = np.nan


def _with_negative_variance(arrays: dict[str, np.ndarray]) -> None:
    arrays[_first(arrays, "running_var", "moving_variance")][0] = -1


@pytest.mark.parametrize(
    ("change", "told"),
    [(_with_nan, r"features\.0\.weight \(NaN\)"), (_with_negative_variance, r"features\.1\.\w+ \(variances below 0\)")],
)
def test_weights(
    cli: Cli, capsys: Said, tiny: str, tmp_path: Path, change: Callable[[dict[str, np.ndarray]], None], told: str
) -> None:
    _write_weights(tmp_path / "w.safetensors", change)
    (tmp_path / "x.yml").write_text(_search(tiny))
    assert cli("x.yml", *USE) == 2
    said = capsys.readouterr().err
    place = r"nas\.model\.pretrained_model_file: w\.safetensors: nothing can be computed with 1 tensor: "
    assert re.search(place + told, said)
    assert not (tmp_path / "tasks/t/output/nas/journal.jsonl").exists()


def test_outputs_of_the_original(cli: Cli, capsys: Said, tiny: str, tmp_path: Path) -> None:
    """Finite weights and finite data, and an overflow between them."""

    def enlarge(arrays: dict[str, np.ndarray]) -> None:
        arrays["head.weight"][:] = 3e38

    _write_weights(tmp_path / "w.safetensors", enlarge)
    (tmp_path / "x.yml").write_text(_search(tiny))
    assert cli("x.yml", *USE) == 2
    said = capsys.readouterr().err
    assert "the val loss is inf for the original network; its outputs hold" in said
    assert re.search(r"for split val of TinyLights, sample \d+, although data and trained weights are finite", said)
