"""Draws of Python's and NumPy's own generators in a network's code: the same each time, and afterwards as they were."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np


@contextmanager
def seeded_draws(seed: int = 0) -> Iterator[None]:
    """Inside the block both follow from the seed: a forward that masks by ``np.random`` masks the same in every run.

    Args:
        seed: Of both.
    """
    numbers, arrays = random.getstate(), np.random.get_state()
    random.seed(seed)
    np.random.seed(seed)
    try:
        yield
    finally:
        random.setstate(numbers)
        np.random.set_state(arrays)
