"""MindSpore's random numbers: seeded inside a block, and afterwards what they were."""

from __future__ import annotations

import copy
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import mindspore

from prunekit.core.recording.code_draws import seeded_draws


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Everything random in MindSpore, and in Python, follows from the seed inside the block.

    MindSpore draws initial weights from NumPy's global generator, dropout from a seed of its own with a counter for
    each operator, and what ``mint`` offers from a third one.
    """
    home = sys.modules["mindspore.common.seed"]
    names = [name for name in ("_GLOBAL_SEED", "_KERNEL_SEED") if hasattr(home, name)]
    kept = {name: copy.copy(getattr(home, name)) for name in names}  # one of them counts in place
    generator, data = mindspore.get_rng_state(), mindspore.dataset.config.get_seed()
    try:
        with seeded_draws(seed):
            mindspore.set_seed(seed)  # NumPy's, the operators' and that of MindSpore's own data sets
            mindspore.manual_seed(seed)
            yield
    finally:
        mindspore.dataset.config.set_seed(data)
        mindspore.set_rng_state(generator)
        for name, value in kept.items():
            setattr(home, name, value)
