"""One model and one tool in a process of its own: under limits, with the same counters for both tools.

The last line that it prints is the row, as JSON.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import resource
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import Any

GRACE = 600
"""CPU seconds that a job has for what is not limited: building the network, counting, training."""


class Limit(BaseException):
    """The time is over; no ``except Exception`` of a tool takes it."""


class Failure(Exception):
    """The tool did not do what it was asked; the message says what is missing."""


def _over(number: int, frame: FrameType | None) -> None:
    raise Limit


class Stages:
    """What a job does, stage by stage, and the CPU seconds of each.

    Args:
        row: Where the seconds are kept, under ``seconds``.
    """

    def __init__(self, row: dict[str, Any]) -> None:
        self.row, self.now = row, "build"
        row["seconds"] = {}

    @contextlib.contextmanager
    def stage(self, name: str, limit: float = 0) -> Iterator[None]:
        """Time what is done inside.

        Args:
            name: What it is called in the row.
            limit: CPU seconds after which it ends with `Limit`; 0 for none.
        """
        self.now, start = name, time.process_time()
        signal.setitimer(signal.ITIMER_PROF, limit, 5)  # again, for a tool may swallow the first
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            self.row["seconds"][name] = round(time.process_time() - start, 4)


def macs(network: Any, args: tuple[Any, ...]) -> int:
    """Multiply-accumulates of convolutions and matrix products in one forward, those inside attention counted too."""
    import torch
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils.flop_counter import FlopCounterMode

    fast, learned = torch.backends.mha.get_fastpath_enabled(), [p for p in network.parameters() if p.requires_grad]
    torch.backends.mha.set_fastpath_enabled(False)  # one operator otherwise, that the counter does not know
    try:
        for parameter in learned:
            parameter.requires_grad_(False)  # the counter fails where one is passed to a module
        with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
            network(*args)
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
        for parameter in learned:
            parameter.requires_grad_()
    return int(counter.get_total_flops()) // 2


def parameters(network: Any) -> int:
    """Numbers in all parameters."""
    return sum(parameter.numel() for parameter in network.parameters())


def structure(value: Any, free: bool) -> Any:
    """A nested output with the shape in place of each tensor.

    Args:
        value: Tensors or arrays, in lists, tuples and dicts.
        free: Whether the first axis may have any length, as detections have.
    """
    if hasattr(value, "shape"):
        return ["n" if free and k == 0 else int(size) for k, size in enumerate(value.shape)]
    if isinstance(value, Mapping):
        return {str(key): structure(part, free) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [structure(part, free) for part in value]
    return type(value).__name__


def check(row: dict[str, Any], before: Any, after: Any) -> None:
    """Whether the pruned network is what it should be.

    Raises:
        Failure: It is not.
    """
    if before != after:
        raise Failure(f"output shapes {after} instead of {before}")
    for what in ("params", "macs"):
        if row["after"][what] >= row["before"][what]:
            raise Failure(f"no fewer {what}")


def run(tool: str, model: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
    """The row of one model."""
    import torch
    from parsing_zoo import Model

    fill = importlib.import_module(f"parsing_{tool}")
    torch.set_num_threads(1)
    signal.signal(signal.SIGPROF, _over)
    row: dict[str, Any] = {"tool": tool, "model": Model(**model).key, "section": model["section"], "status": "fails"}
    stages = Stages(row)
    try:
        getattr(fill, tool)(Model(**model), row, stages, options)
        row["status"] = "ok"
    except Limit:
        row["reason"] = f"time limit of {options['limit']:g} CPU s"
    except Exception as problem:  # a tool's failure is what is measured
        row["reason"] = f"{type(problem).__name__}: {' '.join(str(problem).split())[:300]}"
        frames = traceback.extract_tb(problem.__traceback__)[-3:]
        row["at"] = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames]
    if row["status"] != "ok":
        row["stage"] = stages.now
    return row


def main() -> None:
    """Run the job that stands in the arguments, as JSON."""
    tool, model, options = sys.argv[1], json.loads(sys.argv[2]), json.loads(sys.argv[3])
    memory, seconds = int(options["memory"] * 2**30), int(3 * options["limit"]) + GRACE
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    if tool == "peer":
        os.environ["TIMM_FUSED_ATTN"] = "0"  # in its favour: it follows products, not fused attention
    warnings.simplefilter("ignore")
    print(json.dumps(run(tool, model, options)), flush=True)


if __name__ == "__main__":
    main()
