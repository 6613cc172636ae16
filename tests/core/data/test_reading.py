"""What a dataset's own code raises or gives, with its place."""

from __future__ import annotations

import re
import sys
from typing import Any

import numpy as np
import pytest
from faultydata import FAULTS, Faulty, raised

from prunekit.core.data import DataError, batches

TOLD = {
    "OSError": "split val of Faulty, sample 3: FileNotFoundError: [Errno 2] No such file or directory:"
    " '/nowhere/7.png'",
    "SystemExit": "split val of Faulty, sample 3: SystemExit: 0",
    "StopIteration": "split val of Faulty, sample 3: StopIteration",
    "KeyError": "split val of Faulty, sample 3: KeyError: 'x'",
    "Mute": "split val of Faulty, sample 3: Mute: (Mute, whose __str__ raises RuntimeError)",
    "nothing": "split val of Faulty, sample 3: TypeError: cannot unpack non-iterable NoneType object",
    "NaN": "split val of Faulty, sample 3 (7.png): NaN in inputs; mend it, or leave the sample out",
    "inf": "split val of Faulty, sample 3 (7.png): infinite values in target; mend it, or leave the sample out",
}


@pytest.mark.parametrize("fault", TOLD)
def test_faults_of_a_sample(fault: str) -> None:
    with pytest.raises(DataError) as caught:
        list(batches(Faulty(fault), 2, split="val"))
    assert re.sub(r" \(raised in \w+\.py:\d+\)$", "", str(caught.value)) == TOLD[fault]


def test_the_line_that_raised_is_named() -> None:
    with pytest.raises(DataError, match=r"SystemExit: 0 \(raised in faultydata.py:\d+\)$"):
        list(batches(Faulty("SystemExit"), 2, split="val"))


@pytest.mark.parametrize("fault", ["OSError", "SystemExit", "NaN"])
def test_faults_in_a_worker_say_the_same(fault: str) -> None:
    with pytest.raises(DataError) as caught:
        list(batches(Faulty(fault), 2, split="val", workers=1))
    assert str(caught.value).startswith(TOLD[fault])


def test_a_killed_worker_may_have_had_no_memory() -> None:
    with pytest.raises(DataError, match="a data worker was killed by signal 9: the system may have run out of memory"):
        list(batches(Faulty("killed"), 2, workers=2))


def test_faults_of_augmentation_collate_and_length() -> None:
    class Varied(Faulty):
        def augment(self, sample: Any, rng: np.random.Generator) -> Any:
            return sample[0] / np.float32(0), 1.0

    class Collated(Faulty):
        def collate(self, samples: Any) -> Any:
            return np.zeros((len(samples), 2)), np.full(2, np.nan)

    class Failing(Faulty):
        def collate(self, samples: Any) -> Any:
            sys.exit(0)

    class Endless(Faulty):
        def __len__(self) -> int:
            raise OSError("the disk is gone")

    with pytest.raises(DataError, match=r"Varied, sample 0 \(4.png\): NaN in inputs"), np.errstate(invalid="ignore"):
        next(batches(Varied("KeyError"), 2, augment=True))
    with pytest.raises(DataError, match="Collated, samples 0 to 1: NaN in target of the batch, not of any sample"):
        next(batches(Collated("KeyError"), 2))
    with pytest.raises(DataError, match="Failing, samples 0 to 1: SystemExit: 0"):
        next(batches(Failing("KeyError"), 2))
    with pytest.raises(DataError, match="Endless: OSError: the disk is gone"):
        batches(Endless("KeyError"), 2)


def test_ctrl_c_stays_ctrl_c(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FAULTS, "stop", lambda: raised(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        list(batches(Faulty("stop"), 2))
