"""A candidate is evaluated anywhere: a fresh process gives the result that this one gives, to the last bit."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from other_process import evaluated_elsewhere
from rich.console import Console

from prunekit.core.array_file import ArrayFileError
from prunekit.core.backend_factory import make_backend
from prunekit.core.config import load_config
from prunekit.core.hooks import Hooks
from prunekit.core.pipeline.context import RunContext
from prunekit.core.pipeline.reporter import Reporter
from prunekit.core.pipeline.run_folder import RunFolder
from prunekit.core.search.trial import Trial
from prunekit.plugins.pipe_steps.search_setup import PreparedSearch, prepare_search
from prunekit.registry import Register

Cli = Callable[..., int]
BACKEND = os.environ["PRUNEKIT_TEST_BACKEND"]
YML = f"""\
pipeline: [nas]
nas:
  pipe_step: {{type: SearchPipeStep}}
  model: {{model_desc: {{backbone: {{type: NETWORK}}}}}}
  dataset: {{type: DATASET, common: {{batch_size: 10}}}}
  search_algorithm: {{type: random, train_episode: 3, channel_round: 1, lbound: 0.2, budget: flops <= 0.6, seed: 7}}
  pruning: {{recalibration_images: 30}}
  trainer: {{type: Trainer, epochs: 2, optimizer: {{type: SGD, params: {{lr: 0.05, momentum: 0.9}}}}}}
general: {{backend: {BACKEND}}}
"""


@contextmanager
def prepared(folder: Path, pack: str, *changes: tuple[str, str]) -> Iterator[tuple[PreparedSearch, list[Trial]]]:
    """A search before its first trial, and its first three trials."""
    text = YML.replace("NETWORK", "TinyNet").replace("DATASET", "TinyLights")
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    (folder / "x.yml").write_text(text)
    Register.import_module(pack)
    config = load_config(folder / "x.yml")
    task, reporter = RunFolder(folder / "task"), Reporter(Console(quiet=True), folder / "log")
    context = RunContext(config, task, make_backend(BACKEND), reporter, Hooks.installed(print), (pack,))
    step = config.steps["nas"]
    assert step.search_algorithm is not None
    search = prepare_search(context, step)
    algorithm = context.make(step.search_algorithm, space=search.space, settings=step.settings)
    yield search, [algorithm.ask() for _ in range(3)]
    reporter.close()


CHANGES: dict[str, list[tuple[str, str]]] = {
    "fine-tuned": [],
    "neither recalibrated nor compensated": [
        ("recalibration_images: 30", "recalibrate: False, compensate: False"), ("epochs: 2", "epochs: 0"),
    ],
    "nothing kept decoded": [("batch_size: 10", "batch_size: 10, cache_gb: 0"), ("epochs: 2", "epochs: 0")],
    "little kept decoded": [("batch_size: 10", "batch_size: 10, cache_gb: 0.000006"), ("epochs: 2", "epochs: 0")],
    "by data workers": [("batch_size: 10", "batch_size: 10, num_workers: 1")],
}  # fmt: skip


@pytest.mark.parametrize(
    "case", [pytest.param(case, marks=[pytest.mark.slow] if "workers" in case else []) for case in CHANGES]
)
def test_another_process_gives_the_same_results(cli: Cli, tmp_path: Path, case: str) -> None:
    with prepared(tmp_path, "tinypack", *CHANGES[case]) as (search, trials):
        here = [search.evaluator(trial) for trial in trials]
        there = evaluated_elsewhere(search.hand_over(), trials)
    assert there == here and len({result.metric.loss for result in here if result.metric}) > 1
    assert all(("fine_tune" in result.measured) is ("epochs: 0" not in str(CHANGES[case])) for result in there)


MINE = """
import numpy as np
from tinypack import TinyLights
from TINYNET import TinyNet
from prunekit.registry import Register, RegisterType

@Register.register(RegisterType.DATASET)
class OddLights(TinyLights):
    def collate(self, samples):
        return np.stack([image for image, _ in samples]), Labels([label for _, label in samples])

class Labels(list):
    def __array__(self, *args, **kwargs):
        return np.array(list(self), np.int64)
"""


def test_components_of_a_file_in_the_current_folder(cli: Cli, tmp_path: Path) -> None:
    """Its targets are of its own class, which no file keeps."""
    (tmp_path / "mine.py").write_text(MINE.replace("TINYNET", f"tinynet_{BACKEND}"))
    with prepared(tmp_path, "mine", ("TinyLights", "OddLights"), ("epochs: 2", "epochs: 1")) as (search, trials):
        here = [search.evaluator(trial) for trial in trials]
        assert evaluated_elsewhere(search.hand_over(), trials) == here


def test_latency_is_measured_there_too(cli: Cli, tmp_path: Path) -> None:
    changes = ("channel_round: 1", "channel_round: 1, reward_type: acc_latency, latency: {batch_size: 4, repeats: 3}")
    with prepared(tmp_path, "tinypack", changes, ("epochs: 2", "epochs: 0")) as (search, trials):
        (found,) = evaluated_elsewhere(search.hand_over(), trials[:1])
        here = search.evaluator(trials[0])
    assert found.measured.keys() == here.measured.keys() and found.measured["latency_batch_size"] == 4
    assert found.measured["latency_share"] > 0
    assert found.measured["latency_ms"] == pytest.approx(
        found.measured["latency_share"] * search.references[0].original
    )


def test_a_setup_holds_nothing_live(cli: Cli, tmp_path: Path) -> None:
    with prepared(tmp_path, "tinypack") as (search, _):
        pickled = pickle.dumps(search.setup)
        assert len(pickled) < 5000 and pickle.loads(pickled) == search.setup
        search.hand_over()
        assert {path.name for path in search.setup.folder.iterdir()} == {
            "calibration.batches", "held_out.batches", "graph.arrays", "known.arrays", "desc_original.json",
            "model_original.safetensors",
        }  # fmt: skip


def test_arrays_of_a_handed_over_search_are_mapped(cli: Cli, tmp_path: Path) -> None:
    with prepared(tmp_path, "tinypack") as (search, _):
        builder: Any = search.hand_over().build()._builder
    known = builder.importance_inputs
    arrays = [*known.moments.matrices.values(), *known.state.values(), *(inputs for inputs, _ in builder.recalibration)]
    assert arrays and not any(array.flags.owndata or array.flags.writeable for array in arrays if array.size)
    assert [len(inputs) for inputs, _ in builder.recalibration] == [10, 10, 10]


def test_what_was_not_handed_over_is_told(cli: Cli, tmp_path: Path) -> None:
    with prepared(tmp_path, "tinypack") as (search, _):
        search.hand_over()
        (search.setup.folder / "graph.arrays").unlink()
        with pytest.raises(ArrayFileError, match=r"graph.arrays cannot be read"):
            search.setup.build()


def test_what_no_weights_file_holds_is_drawn_alike(cli: Cli, tmp_path: Path) -> None:
    """A network may draw what it does not save."""
    source = (Path(__file__).parents[2] / "packs" / f"tinynet_{BACKEND}.py").read_text()
    draw = {"pytorch": "torch.rand(1).item()", "mindspore": "float(ops.rand(1).asnumpy()[0])"}[BACKEND]
    source = source.replace("class TinyNet", "class OwnNet").replace(
        "self.head = ", f"self.gain = 0.5 + {draw}\n        self.head = "
    )
    source = source.replace("return self.head(", "return self.gain * self.head(")
    assert source.count("self.gain") == 2
    (tmp_path / "own.py").write_text(source + "\nfrom tinypack import TinyLights\n")
    with prepared(tmp_path, "own", ("TinyNet", "OwnNet"), ("epochs: 2", "epochs: 0")) as (search, trials):
        here = [search.evaluator(trial) for trial in trials]
        assert evaluated_elsewhere(search.hand_over(), trials) == here
        other = replace(search.setup, seed=8).build()
        assert [other(trial) for trial in trials] != here and np.isfinite([r.value for r in here]).all()
