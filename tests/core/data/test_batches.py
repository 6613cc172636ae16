from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from prunekit.core.data import DataError, batches
from prunekit.plugins.datasets.cifar10 import Cifar10


class Numbers:
    def __init__(self, size: int) -> None:
        self.size = size

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        return np.float64(index), index

    def augment(self, sample: tuple[Any, Any], rng: np.random.Generator) -> tuple[Any, Any]:
        return sample[0] + rng.random(), sample[1]


def targets(*args: Any, **kwargs: Any) -> list[list[int]]:
    return [target.tolist() for _, target in batches(*args, **kwargs)]


def test_order_is_kept_without_shuffle() -> None:
    assert targets(Numbers(5), 2) == [[0, 1], [2, 3], [4]]
    assert targets(Numbers(5), 2, drop_last=True) == [[0, 1], [2, 3]]
    assert targets(Numbers(5), 2, indices=[4, 1, 0]) == [[4, 1], [0]]


def test_shuffle_follows_seed_and_epoch() -> None:
    first = targets(Numbers(50), 8, shuffle=True, seed=3, epoch=1)
    assert first == targets(Numbers(50), 8, shuffle=True, seed=3, epoch=1)
    assert first != targets(Numbers(50), 8, shuffle=True, seed=3, epoch=2)
    assert first != targets(Numbers(50), 8, shuffle=True, seed=4, epoch=1)
    assert sorted(number for batch in first for number in batch) == list(range(50))


def test_shuffle_leaves_the_global_generator_alone() -> None:
    np.random.seed(0)
    before = np.random.get_state()[1].copy()  # type: ignore[index, union-attr]
    targets(Numbers(9), 2, shuffle=True, augment=True)
    assert (np.random.get_state()[1] == before).all()  # type: ignore[index]


def test_ranks_share_every_global_batch() -> None:
    whole = targets(Numbers(21), 6, shuffle=True)
    parts = [targets(Numbers(21), 3, shuffle=True, rank=rank, world=2) for rank in range(2)]
    assert [sorted(a + b) for a, b in zip(*parts, strict=True)] == [sorted(batch) for batch in whole]
    lengths = [len(targets(Numbers(21), 3, rank=rank, world=2, drop_last=True)) for rank in range(2)]
    assert lengths == [3, 3]


def test_augmentation_is_asked_for_and_belongs_to_the_sample() -> None:
    plain = np.concatenate([inputs for inputs, _ in batches(Numbers(10), 4)])
    assert plain.tolist() == list(range(10))

    def varied(**kwargs: Any) -> dict[int, float]:
        found = batches(Numbers(10), kwargs.pop("batch_size", 4), augment=True, **kwargs)
        return {int(i): float(x) for inputs, target in found for x, i in zip(inputs, target, strict=True)}

    assert varied() == varied(batch_size=3, shuffle=True) != varied(epoch=1)
    assert len({x - i for i, x in varied().items()}) == 10


def test_a_dataset_that_varies_as_it_loads_is_asked_for_nothing_else() -> None:
    class Loading(Numbers):
        def augmented(self, index: int, rng: np.random.Generator) -> tuple[Any, Any]:
            return np.float64(-index - rng.random()), index

    plain = [inputs.tolist() for inputs, _ in batches(Loading(3), 3)]
    varied = [inputs.tolist() for inputs, _ in batches(Loading(3), 3, augment=True)]
    assert plain == [[0, 1, 2]]
    assert varied == [
        [-x for x in each] for each in ([inputs.tolist() for inputs, _ in batches(Numbers(3), 3, augment=True)])
    ]


def test_own_collate_is_used() -> None:
    class Listed(Numbers):
        def collate(self, samples: Any) -> Any:
            return [inputs for inputs, _ in samples], "own"

    assert next(batches(Listed(3), 2)) == ([0.0, 1.0], "own")


@pytest.mark.parametrize(
    ("size", "kwargs", "message"),
    [
        (0, {}, "Numbers is empty"),
        (3, {"indices": []}, "indices is empty"),
        (3, {"indices": [0, 3]}, "indices go from 0 to 3, the dataset has samples 0 to 2"),
        (3, {"drop_last": True}, "drop_last leaves no batch: 3 samples, 4 in a batch"),
        (3, {"rank": 2, "world": 2}, "rank 2 of 2"),
        (3, {"workers": -1}, "workers is -1"),
        (3, {"seed": -1}, "seed is -1"),
    ],
)
def test_mistakes_are_told_at_the_call(size: int, kwargs: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        batches(Numbers(size), 4, **kwargs)


def test_batch_size_zero_is_refused() -> None:
    with pytest.raises(DataError, match="batch_size is 0"):
        batches(Numbers(3), 0)


def test_workers_give_the_same_batches(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, (40, 32, 32, 3), dtype=np.uint8), rng.integers(0, 10, 40, dtype=np.uint8)
    np.savez(tmp_path / "train40.npz", x=x, y=y)
    dataset = Cifar10(tmp_path, "train", train_portion=1.0)
    asked: dict[str, Any] = {"shuffle": True, "seed": 5, "epoch": 2, "augment": True}
    here = list(batches(dataset, 3, **asked))
    there = list(batches(dataset, 3, workers=2, **asked))
    assert len(here) == len(there) == 14
    for (inputs, target), (inputs2, target2) in zip(here, there, strict=True):
        assert np.array_equal(inputs, inputs2) and np.array_equal(target, target2)


def test_workers_end_when_the_iteration_is_closed() -> None:
    import multiprocessing

    stream = batches(range_dataset(), 1, workers=2)  # type: ignore[arg-type]
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert not multiprocessing.active_children()


def range_dataset() -> list[tuple[int, int]]:
    return [(number, number) for number in range(50)]  # a list is a dataset, and a worker can unpickle it


def test_dataset_that_cannot_be_sent_is_told() -> None:
    class Local(Numbers):
        pass

    with pytest.raises(DataError, match="the dataset Local cannot be sent to data workers"):
        next(batches(Local(3), 1, workers=1))


def test_script_without_main_guard_is_told(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "from prunekit.core.data import batches\n"
        "next(batches([(bytes(300_000), 1), (bytes(300_000), 2)], 1, workers=2))\n"  # more than a pipe holds
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "DataError: a data worker ended before its work; a script that asks for workers must" in done.stderr
