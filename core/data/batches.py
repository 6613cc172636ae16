"""The one way to iterate over a dataset: the same batches for the same seed, whatever the number of workers."""

from __future__ import annotations

import multiprocessing
import pickle
import signal
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.queues import Queue
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prunekit.core.data.contract import Batch, DataError, Dataset
from prunekit.core.data.parent_watch import end_with_parent
from prunekit.core.data.reading import Reader
from prunekit.core.data.sharing import shared_out
from prunekit.registry import WorkerImports, worker_imports
from prunekit.registry.errors import reason

_PREFETCH = 2  # batches in flight for each worker
_GUARD = (
    'a script that asks for workers must start its work under `if __name__ == "__main__":`, and the dataset must be'
    " importable. num_workers: 0 works without"
)


@dataclass(frozen=True)
class _Recipe:
    """Makes a batch from indices; what a worker process is given once."""

    reader: Reader
    seed: int
    epoch: int
    augment: bool

    def make(self, indices: Sequence[int]) -> Batch:
        samples = [self.reader.sample(index, self._rng(index) if self.augment else None) for index in indices]
        return self.reader.batch(samples, indices)

    def _rng(self, index: int) -> np.random.Generator:
        # a stream for each sample, not for each batch or worker: so neither changes what a sample becomes
        return np.random.default_rng(np.random.SeedSequence([self.seed, self.epoch], spawn_key=(index,)))


class Batches(Iterator[Batch]):
    """One pass over a dataset.

    Attributes:
        settings: What its batches depend on, but for the epoch and the rank, as JSON values by name.
        number: How many batches it has in all.
    """

    def __init__(self, made: Generator[Batch, None, None], settings: Mapping[str, Any], number: int) -> None:
        self._made, self.settings, self.number = made, settings, number

    def __next__(self) -> Batch:
        return next(self._made)

    def close(self) -> None:
        """End the iteration, and the workers with it."""
        self._made.close()


def batches(
    dataset: Dataset,
    batch_size: int,
    *,
    shuffle: bool = False,
    seed: int = 0,
    epoch: int = 0,
    workers: int = 0,
    rank: int = 0,
    world: int = 1,
    drop_last: bool = False,
    augment: bool = False,
    indices: Sequence[int] | NDArray[np.integer] | None = None,
    split: str = "",
) -> Batches:
    """Iterate once over a dataset.

    Every rank gets as many batches, and every sample comes once; see `shared_out` for the last samples. NaN and
    infinities in inputs or targets are refused when they come, with the sample; only an additive mask in the inputs (0
    and -inf) may be infinite.

    Args:
        dataset: Where the samples come from; with workers it is pickled once to each of them.
        batch_size: Samples in a batch of one rank.
        shuffle: Draw the order from ``SeedSequence([seed, epoch])``; otherwise the order of ``indices``.
        seed: Of the order and of the augmentation.
        epoch: Changes both from epoch to epoch.
        workers: Spawned processes that make the batches; 0 makes them here. They end with the iteration.
        rank: Which part of every global batch is taken, of ``world`` parts.
        world: Number of ranks; a global batch has ``batch_size * world`` samples.
        drop_last: Leave out a last global batch that is not full.
        augment: Vary the samples, where the dataset can.
        indices: The samples to take; all of them if not given.
        split: What messages call this part of the data.

    Returns:
        An iterator over ``(inputs, target)``.

    Raises:
        DataError: There is nothing to iterate over, or an argument is out of its range; later, the dataset raises, or
            gives what is not finite.
    """
    _check(batch_size, seed, epoch, workers, rank, world)
    reader = Reader(dataset, split)
    order = _order(reader, shuffle, seed, epoch, indices)
    step = batch_size * world
    if drop_last and len(order) < step:
        raise DataError(
            f"drop_last leaves no batch: {len(order)} samples, {step} in a batch;"
            " lower batch_size or set drop_last: False"
        )
    parts = shared_out(order, batch_size, rank, world, drop_last)
    recipe = _Recipe(reader, seed, epoch, augment)
    made = _parallel(recipe, parts, workers) if workers else (recipe.make(part) for part in parts)
    settings = {
        "dataset": type(dataset).__name__, "samples": len(order), "batch_size": batch_size, "shuffle": shuffle,
        "data_seed": seed, "drop_last": drop_last, "augment": augment, "world": world,
    }  # fmt: skip
    return Batches(made, settings, len(parts))


def _check(batch_size: int, seed: int, epoch: int, workers: int, rank: int, world: int) -> None:
    if batch_size < 1:
        raise DataError(f"batch_size is {batch_size}; it must be at least 1")
    if workers < 0:
        raise DataError(f"the number of workers is {workers}; it must be 0 (none) or more")
    if seed < 0 or epoch < 0:
        raise DataError(f"seed is {seed}, epoch is {epoch}; neither may be negative")
    if not 0 <= rank < world:
        raise DataError(f"rank {rank} of {world}: ranks count from 0 to world - 1")


def _order(
    reader: Reader, shuffle: bool, seed: int, epoch: int, indices: Sequence[int] | NDArray[np.integer] | None
) -> NDArray[np.integer]:
    size = len(reader)
    if size == 0:
        raise DataError(f"the dataset {type(reader.dataset).__name__} is empty")
    order = np.arange(size) if indices is None else np.asarray(indices, dtype=np.int64)
    if not len(order):
        raise DataError("no sample is asked for: indices is empty")
    if order.min() < 0 or order.max() >= size:
        raise DataError(f"indices go from {order.min()} to {order.max()}, the dataset has samples 0 to {size - 1}")
    return np.random.default_rng(np.random.SeedSequence([seed, epoch])).permutation(order) if shuffle else order


_worker: list[_Recipe] = []  # filled in a worker process only: what its tasks share


def _start_worker(recipes: Queue[bytes], imports: WorkerImports) -> None:
    end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole process group; the parent ends us
    imports.apply()  # the dataset's class may be of a module that only --import finds
    _worker.append(pickle.loads(recipes.get()))  # from our own parent, never from a file


def _work(indices: Sequence[int]) -> Batch:
    return _worker[0].make(indices)


def _parallel(recipe: _Recipe, parts: list[list[int]], workers: int) -> Generator[Batch, None, None]:
    if getattr(multiprocessing.current_process(), "_inheriting", False):  # a worker that is importing the main script
        raise DataError(f"data workers were asked for while a worker starts; {_GUARD}")
    # spawned: a process forked after a framework has started its threads can hang
    context = multiprocessing.get_context("spawn")
    count = min(workers, len(parts))
    # through a queue, not as an argument: writing a large argument to a process that dies early never returns
    recipes: Queue[bytes] = context.Queue()
    pickled = _pickled(recipe)
    for _ in range(count):
        recipes.put(pickled)
    pool = ProcessPoolExecutor(count, context, initializer=_start_worker, initargs=(recipes, worker_imports()))
    pending: deque[Future[Batch]] = deque()
    processes = pool._processes  # nothing else tells how a process ended
    try:
        for part in parts:
            pending.append(pool.submit(_work, part))
            if len(pending) >= _PREFETCH * workers:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    except BrokenProcessPool as problem:
        pool.shutdown(wait=True)
        raise DataError(_end(process.exitcode for process in processes.values())) from problem
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        recipes.cancel_join_thread()
        recipes.close()


def _end(codes: Iterable[int | None]) -> str:
    """How data workers ended; the pool itself ends those that are left, by SIGTERM."""
    known = [code for code in codes if code is not None]
    code = next((code for code in known if code != -signal.SIGTERM), -signal.SIGTERM if known else 0)
    if code >= 0:
        return f"a data worker ended before its work; {_GUARD}"
    return (
        f"a data worker was killed by signal {-code}: the system may have run out of memory; lower num_workers or"
        " batch_size (num_workers: 0 works without workers)"
    )


def _pickled(recipe: _Recipe) -> bytes:
    try:
        return pickle.dumps(recipe)
    except Exception as problem:  # whatever the dataset's own parts raise
        raise DataError(
            f"the dataset {type(recipe.reader.dataset).__name__} cannot be sent to data workers ({reason(problem)});"
            " define its class at the top of a module, or set num_workers: 0"
        ) from problem
