"""A dataset one of whose samples fails; data workers can import it."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

SHAPE = (1, 8, 8)


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError


def raised(problem: BaseException) -> Any:
    raise problem


def killed() -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


FAULTS: dict[str, Callable[[], Any]] = {
    "OSError": lambda: Path("/nowhere/7.png").read_bytes(),
    "SystemExit": lambda: sys.exit(0),
    "StopIteration": lambda: raised(StopIteration()),
    "KeyError": lambda: {}["x"],
    "Mute": lambda: raised(Mute()),
    "nothing": lambda: None,
    "NaN": lambda: (np.full(SHAPE, np.nan, np.float32), 1.0),
    "inf": lambda: (np.zeros(SHAPE, np.float32), np.inf),
    "killed": killed,
}


class Faulty:
    def __init__(self, fault: str) -> None:
        self.fault = fault

    def __len__(self) -> int:
        return 6

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        given: tuple[Any, Any] = FAULTS[self.fault]() if index == 3 else (np.zeros(SHAPE, np.float32), 1.0)
        return given

    def sample_name(self, index: int) -> str:
        return f"{index + 4}.png"
