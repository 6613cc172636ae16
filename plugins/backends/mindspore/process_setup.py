"""MindSpore as this process runs it. Importing the package of the backend does this first."""

from __future__ import annotations

import atexit
import ctypes
import logging
import os
from pathlib import Path

# Compiled code is invisible to a recording, is compiled anew for every shape that a pruned network has, and keeps some
# MiB for each: everything runs operator by operator. Read whenever a function is called.
os.environ["MS_JIT"] = "0"
# What goes wrong is raised; the log of the C++ side would say it a second time, with its stack. Read at import.
os.environ.setdefault("GLOG_v", "4")

import mindspore

_AVX2 = 0x7  # dnnl_cpu_isa_avx2
_LEVEL = "GLOG_v"
_LEVELS = {
    "0": logging.DEBUG, "1": logging.INFO, "2": logging.WARNING, "3": logging.ERROR, "4": logging.CRITICAL,
}  # fmt: skip
_LIMITS = ("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA")


def _limit_instructions() -> None:
    """Let oneDNN convolve by AVX2: by AVX-512 it takes its reference code for MindSpore's layout, 30 times slower.

    Its variables would reach the oneDNN of other libraries too; whoever has set them has decided.
    """
    library = Path(mindspore.__file__).parent / "lib" / "libdnnl.so.3"
    if library.exists() and not any(name in os.environ for name in _LIMITS):
        ctypes.CDLL(str(library)).dnnl_set_max_cpu_isa(_AVX2)  # without effect once it has been asked for a kernel


def _read_log_level() -> None:
    """Let the level hold for a MindSpore, too, that a module of the user's has imported before this one."""
    library = Path(mindspore.__file__).parent / "lib" / "libmindspore_core.so"
    if library.exists():
        read = getattr(ctypes.CDLL(str(library)), "_ZN9mindspore22InitSubModulesLogLevelEv", None)
        if read is not None:  # other versions may call it otherwise
            read()
    level = os.environ.get(_LEVEL, "")
    if level in _LEVELS:
        mindspore.log._get_logger().setLevel(_LEVELS[level])


@atexit.register
def _leave_cells() -> None:
    """Cells that are still there when Python ends have lost what their clean-up needs, and each would say so."""
    mindspore.nn.Cell.__del__ = lambda cell: None


_limit_instructions()
_read_log_level()
# Operators are else launched in the background, and what is wrong with one is raised by a later line of the network.
# Without effect once an operator has run.
mindspore.runtime.launch_blocking()
