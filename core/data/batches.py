"""The one way to iterate over a dataset: the same batches for the same seed, whatever the number of workers."""

from __future__ import annotations

import multiprocessing
import pickle
import signal
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.queues import Queue

import numpy as np
from numpy.typing import NDArray

from prunekit.core.data.contract import (
    AugmentedLoading,
    Augmenting,
    Batch,
    Collating,
    DataError,
    Dataset,
    Sample,
    default_collate,
)
from prunekit.core.data.parent_watch import end_with_parent
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

    dataset: Dataset
    seed: int
    epoch: int
    augment: bool

    def make(self, indices: Sequence[int]) -> Batch:
        samples = [self._sample(index) for index in indices]
        if isinstance(self.dataset, Collating):
            return self.dataset.collate(samples)
        return default_collate(samples)

    def _sample(self, index: int) -> Sample:
        if self.augment and isinstance(self.dataset, AugmentedLoading):
            return self.dataset.augmented(index, self._rng(index))
        sample = self.dataset[index]
        if self.augment and isinstance(self.dataset, Augmenting):
            return self.dataset.augment(sample, self._rng(index))
        return sample

    def _rng(self, index: int) -> np.random.Generator:
        # a stream for each sample, not for each batch or worker: so neither changes what a sample becomes
        return np.random.default_rng(np.random.SeedSequence([self.seed, self.epoch], spawn_key=(index,)))


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
) -> Iterator[Batch]:
    """Iterate once over a dataset.

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

    Returns:
        An iterator over ``(inputs, target)``.

    Raises:
        DataError: There is nothing to iterate over, or an argument is out of its range.
    """
    _check(batch_size, seed, epoch, workers, rank, world)
    order = _order(dataset, shuffle, seed, epoch, indices)
    step = batch_size * world
    if drop_last and len(order) < step:
        raise DataError(
            f"drop_last leaves no batch: {len(order)} samples, {step} in a batch;"
            " lower batch_size or set drop_last: False"
        )
    stop = len(order) - len(order) % step if drop_last else len(order)
    parts = [order[start : start + step][rank::world].tolist() for start in range(0, stop, step)]
    parts = [part for part in parts if part]  # a short last global batch may leave nothing for a late rank
    recipe = _Recipe(dataset, seed, epoch, augment)
    return _parallel(recipe, parts, workers) if workers else (recipe.make(part) for part in parts)


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
    dataset: Dataset, shuffle: bool, seed: int, epoch: int, indices: Sequence[int] | NDArray[np.integer] | None
) -> NDArray[np.integer]:
    size = len(dataset)
    if size == 0:
        raise DataError(f"the dataset {type(dataset).__name__} is empty")
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


def _parallel(recipe: _Recipe, parts: list[list[int]], workers: int) -> Iterator[Batch]:
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
    try:
        for part in parts:
            pending.append(pool.submit(_work, part))
            if len(pending) >= _PREFETCH * workers:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    except BrokenProcessPool as problem:
        raise DataError(f"a data worker ended before its work; {_GUARD}") from problem
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        recipes.cancel_join_thread()
        recipes.close()


def _pickled(recipe: _Recipe) -> bytes:
    try:
        return pickle.dumps(recipe)
    except Exception as problem:  # whatever the dataset's own parts raise
        raise DataError(
            f"the dataset {type(recipe.dataset).__name__} cannot be sent to data workers ({reason(problem)});"
            " define its class at the top of a module, or set num_workers: 0"
        ) from problem
