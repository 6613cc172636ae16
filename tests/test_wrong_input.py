"""Wrong input as a user meets it: one line that says where, what and what to do; mended, the run goes on.

Shown elsewhere: a yml that is missing or no yml, an ``--import`` that raises, a task's folder that cannot be written
(``core/cli/test_main.py``); all candidates failing (``core/pipeline/test_run.py``); a full disk
(``core/pipeline/test_full_disk.py``); images that are broken, missing or of other classes
(``plugins/datasets/test_imagenet_runs.py``).
"""

from __future__ import annotations

import importlib
import json
import os
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from prunekit.core.data.contract import DataError

Cli = Callable[..., int]
Said = pytest.CaptureFixture[str]
WORDS = ("tiny.yml", "--import", "odd", "-t", "t")
WEIGHTS = "'{local_base_path}/output/pretrain/model_0.safetensors'"
MODEL = "    pretrained_model_file: " + WEIGHTS + "\n"
BACKEND = os.environ["PRUNEKIT_TEST_BACKEND"]
EVIL, *SAID = {
    "pytorch": (
        "evil.pth",
        "holds more than tensors",
        "state = network.state_dict(); torch.save(state, 'evil_state.pth')",
    ),
    "mindspore": (
        "evil.ckpt",
        "cannot be read as weights: ",
        "it is a pickle, which could run code when read; nothing was run",
    ),
}[BACKEND]
ODD = """\
from anynet import Conv2d, Linear, Module
from tinypack import TinyLights, TinyNet

from prunekit.registry import Register, RegisterType


@Register.register(RegisterType.NETWORK)
class Skip(Module):
    '''The layers 0 and 1 are added up: one group.'''

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = (Conv2d(channels, 8, 3) for channels in (1, 8))
        self.head = Linear(8, 4)

    def forward(self, images):
        first = self.one(images)
        return self.head((first + self.two(first)).mean((2, 3)))


@Register.register(RegisterType.NETWORK)
class Picky(TinyNet):
    def forward(self, images):
        widths = [len(self.features[n].weight.tolist()) for n in (0, 3, 6)]  # sizes that nobody sees being compared
        logits, width = super().forward(images), sum(widths)
        many = images.shape[0] > 2  # the proof, which would find it out, runs on the example
        if many and width % 5 == 2:
            raise RuntimeError(f"no kernel for {width} channels")
        return logits * (float("nan") if many and width % 5 == 3 else 1.0)


@Register.register(RegisterType.NETWORK)
class Stiff(TinyNet):
    def forward(self, images):
        if sum(self.features[n].out_channels for n in (0, 3, 6)) != 36:
            raise RuntimeError("36 channels it must be")
        return super().forward(images)


@Register.register(RegisterType.DATASET)
class Nothing(TinyLights):
    def __len__(self) -> int:
        return 0


@Register.register(RegisterType.DATASET)
class Torn(TinyLights):
    def __getitem__(self, index):
        return self.images[index + 1], self.labels[index]
"""


@pytest.fixture
def yml(cli: Cli, tmp_path: Path, tiny: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Write the tiny yml with changes and the module ``odd``; return the task's folder."""
    monkeypatch.delitem(sys.modules, "odd", raising=False)
    (tmp_path / "odd.py").write_text(ODD)

    def write(*pairs: tuple[str, str]) -> Path:
        text = tiny
        for before, after in pairs:
            assert before in text
            text = text.replace(before, after)
        (tmp_path / "tiny.yml").write_text(text)
        return tmp_path / "tasks/t"

    return write


@pytest.fixture
def told(cli: Cli, capsys: Said) -> Callable[..., list[str]]:
    """Run a command that is refused; return the lines on stderr but for warnings."""

    def refused(*words: str) -> list[str]:
        assert cli(*(words or WORDS)) == 2
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        return [line for line in said.err.splitlines() if not line.startswith("warning: ")]

    return refused


def left(task: Path) -> set[str]:
    """What a step that failed has left in the task's output, beside what says that it failed."""
    assert not [path for path in task.parent.rglob("*") if path.name.endswith(".part")]
    found = {path.relative_to(task / "output").as_posix() for path in (task / "output").rglob("*") if path.is_file()}
    return found - {"tiny.yml", "resolved.json", "reports.json"}


def events(task: Path) -> list[dict[str, Any]]:
    """What the search asked and was told, without times."""
    lines = (task / "output/nas/journal.jsonl").read_text().splitlines()
    return [{key: value for key, value in json.loads(line).items() if key != "measured"} for line in lines]


def search_only(*pairs: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    return (("[pretrain, nas, fully_train]", "[nas]"), (MODEL, ""), *pairs)


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        (WEIGHTS, "gone.pth", "tiny.yml:21  nas.model.pretrained_model_file: 'gone.pth' does not exist"),
        (
            "{batch_size: 32}",
            "{batch_size: 32, data_path: gone}\n    type: Imagenet",
            "tiny.yml:9  pretrain.dataset.common.data_path: 'gone' does not exist",
        ),
        (
            "type: PruneAMC",
            "type: pruneacm",
            "tiny.yml:24  nas.search_algorithm.type: no search algorithm named 'pruneacm'. Did you mean 'PruneAMC'?",
        ),
        (
            "epochs: 3",
            "epochs: 3\n    budget: flops <= 0.5",
            "tiny.yml:14  pretrain.trainer.budget: unknown key. It belongs in search_algorithm.",
        ),
        (
            '"flops <= 0.5"',
            "0.5",
            "tiny.yml:25  nas.search_algorithm.budget: 0.5 of what? Write 'flops <= 0.5'",
        ),
    ],
)
def test_what_is_found_before_the_run(
    yml: Callable[..., Path], told: Callable[..., list[str]], before: str, after: str, line: str
) -> None:
    pairs = [(before, after), *([("    type: TinyLights\n", "")] if "Imagenet" in after else [])]
    task = yml(*pairs)
    for words in (("check", *WORDS), WORDS):
        assert line in told(*words)
    assert not task.parent.exists()


def test_a_weights_file_that_would_run_code(
    yml: Callable[..., Path], told: Callable[..., list[str]], cli: Cli, tmp_path: Path
) -> None:
    marker = tmp_path / "marker"

    class Evil:
        def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
            return os.system, (f"touch {marker}",)

    if BACKEND == "pytorch":
        importlib.import_module("torch").save({"state_dict": Evil()}, tmp_path / EVIL)
    else:
        (tmp_path / EVIL).write_bytes(pickle.dumps({"state_dict": Evil()}))
    task = yml(*search_only(), ("backbone: *network", f"backbone: *network\n    pretrained_model_file: {EVIL}"))
    assert cli("check", *WORDS) == 0  # opens no weights
    for words in (("inspect", *WORDS[:3]), WORDS):
        (line,) = told(*words)
        assert line.startswith(f"error: tiny.yml:21: nas.model.pretrained_model_file: {EVIL} {SAID[0]}")
        assert line.endswith(SAID[1])
        assert not marker.exists()
    assert not left(task)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            "lbound: 0.1",
            "lbound: 0.9",
            "tiny.yml:23: nas.search_algorithm: budget 'flops <= 0.5' cannot be met: within the bounds the network"
            " keeps 0.",
        ),
        (
            "backbone: *network",
            "backbone: {type: TinyNet, widths: [8, 12, 17]}",
            "tiny.yml:21: nas.model.pretrained_model_file: tasks/t/output/pretrain/model_0.safetensors does not fit"
            " TinyNet (",
        ),
        (
            "dataset: *dataset\n  search",
            "dataset: {type: Torn}\n  search",
            "tiny.yml:15: nas: split train of Torn, sample 95: IndexError: index 96 is out of bounds for axis 0 with"
            " size 96 (raised in odd.py:",
        ),
    ],
)
def test_what_is_found_in_a_step_can_be_mended_and_gone_on_with(
    yml: Callable[..., Path],
    told: Callable[..., list[str]],
    cli: Cli,
    capsys: Said,
    before: str,
    after: str,
    said: str,
) -> None:
    short = ("[pretrain, nas, fully_train]", "[pretrain, nas]")
    task = yml(short, (before, after))
    (line,) = told()
    assert line.startswith(f"error: {said}")
    kept = {"desc_0.json", "model_0.safetensors", "output.csv", "performance_0.json"}
    assert left(task) == {f"pretrain/{name}" for name in kept}
    trained = (task / "output/pretrain/model_0.safetensors").stat().st_mtime_ns
    yml(short)
    assert cli(*WORDS, "-r") == 0
    assert "stopped by an error" not in capsys.readouterr().out
    assert (task / "output/pretrain/model_0.safetensors").stat().st_mtime_ns == trained
    assert [entry["result"]["status"] for entry in events(task) if entry["event"] == "tell"] == ["ok"] * 8


def test_what_was_computed_may_not_be_changed(
    yml: Callable[..., Path], told: Callable[..., list[str]], cli: Cli
) -> None:
    yml(("lbound: 0.1", "lbound: 0.9"))
    told()
    yml(("epochs: 3", "epochs: 2"))
    assert told(*WORDS, "-r")[1:] == ["  pretrain.trainer.epochs: 3 -> 2"]
    yml(("[pretrain, nas, fully_train]", "[nas, fully_train]"), (MODEL, ""))
    assert told(*WORDS, "-r")[1:] == ["  pipeline: ['pretrain'] -> ['nas']"]
    yml(("[pretrain, nas, fully_train]", "[pretrain, nas]"))  # of the last step nothing was computed
    assert cli(*WORDS, "-r") == 0


def test_a_dataset_of_a_later_step_without_samples(
    yml: Callable[..., Path], told: Callable[..., list[str]], cli: Cli
) -> None:
    train = ("dataset: *dataset\n  trainer: *trainer", "dataset: {type: Nothing}\n  trainer: *trainer")
    task = yml(train)
    line = (
        "error: tiny.yml:34: fully_train.dataset.train: Nothing has no sample; do its path and its other parameters fit"
        " the data?"
    )
    assert told("check", *WORDS) == [line]
    assert not task.parent.exists()
    assert told() == [line]
    assert not left(task)
    yml()
    assert cli(*WORDS, "-r") == 0


@pytest.mark.parametrize("step", ["nas", "fully_train"])
def test_a_test_split_that_was_not_used_yet_may_be_mended(
    yml: Callable[..., Path], told: Callable[..., list[str]], cli: Cli, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """The split breaks when it is read again, after all the rest is computed, which is not computed again."""
    after = "\n  search" if step == "nas" else "\n  trainer: *trainer"
    task = yml(
        (f"dataset: *dataset{after}", "dataset: {type: TinyLights, common: {batch_size: 32}, test: {noise: 2}}" + after)
    )
    from prunekit.core.pipeline.datasets import Datasets

    batches, read, looks = Datasets.batches, list[str](), 2 if step == "nas" else 1

    def broken(self: Datasets, split: Any, name: str, indices: Any = None) -> Any:
        if name == "test" and split.dataset.params:
            if len(read) == looks:
                raise DataError("the test split is broken")
            read.append(name)  # it is looked at before anything is computed
        return batches(self, split, name, indices)

    monkeypatch.setattr(Datasets, "batches", broken)
    told()
    kept = {path: path.read_bytes() for path in task.rglob("*") if path.name in ("journal.jsonl", "checkpoint")}
    assert {path.name for path in kept} >= {"journal.jsonl" if step == "nas" else "checkpoint"}
    yml((f"dataset: *dataset{after}", "dataset: {type: TinyLights, common: {batch_size: 32, noise: 3}}" + after))
    line = f"  {step}.dataset.train.noise: 1.0 -> 3.0"
    assert line in told(*WORDS, "-r")
    yml()
    if step == "fully_train":  # no network is trained again: the checkpoints say that all is done
        checkpoint = next(path for path in kept if path.name == "checkpoint")
        assert checkpoint.exists()
    assert cli(*WORDS, "-r") == 0
    for path, content in kept.items():
        if path.name == "journal.jsonl":
            assert path.read_bytes() == content


def test_what_changes_no_result_may_change(yml: Callable[..., Path], cli: Cli, capsys: Said) -> None:
    yml()
    assert cli(*WORDS) == 0
    yml(("{batch_size: 32}", "{batch_size: 32, num_workers: 1}"), ("plot_train_curve: True", "plot_train_curve: False"))
    assert cli(*WORDS, "-r") == 0
    assert "every step has finished before" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (
            "specific_bound: {0: [0.1, 0.3], 1: [0.6, 0.9]}",
            "specific_bound: mids 0 and 1 are one group and need one bound, not [0.1, 0.3] and [0.6, 0.9]",
        ),
        (
            "specific_bound: {1: [0.1, 0.3]}\n    user_skip_module_id: [0]",
            "user_skip_module_id keeps mid 0 whole, specific_bound bounds mid 1 by [0.1, 0.3]: they are one group (one)"
            "; drop one",
        ),
    ],
)
def test_bounds_of_one_group_that_contradict(
    yml: Callable[..., Path], told: Callable[..., list[str]], cli: Cli, key: str, said: str
) -> None:
    network = ("backbone: *network", "backbone: {type: Skip}")
    task = yml(*search_only(network, ("lbound: 0.1", f"lbound: 0.1\n    {key}")))
    assert told() == [f"error: tiny.yml:22: nas.search_algorithm: {said}"]
    assert not left(task)
    yml(*search_only(network))
    assert cli(*WORDS, "-r") == 0


def test_a_target_beyond_the_networks_classes(
    yml: Callable[..., Path], told: Callable[..., list[str]], cli: Cli
) -> None:
    short = ("[pretrain, nas, fully_train]", "[pretrain]")
    task = yml(short, ("{type: TinyNet}", "{type: TinyNet, class_num: 3}"))
    told_classes = "a target is 3, but the network has 3 classes; does its class_num fit the dataset?"
    (line,) = told()
    assert line.startswith("error: tiny.yml:2: pretrain: ") and told_classes in line
    assert not left(task)
    yml(short)
    assert cli(*WORDS, "-r") == 0


def test_a_network_that_cannot_be_pruned(yml: Callable[..., Path], told: Callable[..., list[str]]) -> None:
    task = yml(*search_only(("backbone: *network", "backbone: {type: Stiff}")))
    assert told() == ["error: tiny.yml:15: nas: no layer of Stiff can be pruned; prunekit inspect says why for each"]
    assert not left(task)


def test_candidates_that_raise_or_give_nan_are_skipped(yml: Callable[..., Path], cli: Cli, capsys: Said) -> None:
    task = yml(*search_only(("backbone: *network", "backbone: {type: Picky}"), ("episode: 8", "episode: 24")))
    assert cli(*WORDS) == 0
    said = capsys.readouterr()
    assert "Traceback" not in said.out + said.err
    entries = events(task)
    widths = {entry["id"]: sum(entry["counts"]) for entry in entries if entry["event"] == "ask"}
    results = {entry["id"]: entry["result"] for entry in entries if entry["event"] == "tell"}
    for number, result in results.items():
        expected = ("ok", result["message"] if result["message"].startswith("as episode ") else "")
        if widths[number] % 5 == 2:
            expected = ("failed", f"RuntimeError: no kernel for {widths[number]} channels")
        elif widths[number] % 5 == 3:
            expected = ("failed", "the loss is inf")  # what the metric says of outputs that are NaN
        assert (result["status"], result["message"]) == expected
    assert {0, 2, 3} < {width % 5 for width in widths.values()}
    best = [path.stem for path in (task / "output/nas").glob("desc_[0-9]*.json")]
    assert len(best) == 2 and all(widths[int(name.removeprefix("desc_"))] % 5 not in (2, 3) for name in best)
