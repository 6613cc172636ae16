"""Automatic structured pruning: smaller, faster networks, found by reinforcement learning.

The names below are imported when they are first used, so that ``import prunekit`` costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from prunekit.registry import ascend_automl

if TYPE_CHECKING:
    from prunekit.core.api import compensate, prune, recalibrate, shrink, trace
    from prunekit.core.parsing.channel_graph import ChannelGraph
    from prunekit.core.pipeline.load import load
    from prunekit.core.pruning import PrunePlan
    from prunekit.core.weights import Naming
    from prunekit.registry import Register, RegisterType

    __version__: str

_HOMES = {
    "ChannelGraph": "prunekit.core.parsing.channel_graph",
    "Naming": "prunekit.core.weights",
    "PrunePlan": "prunekit.core.pruning",
    "Register": "prunekit.registry",
    "RegisterType": "prunekit.registry",
    "compensate": "prunekit.core.api",
    "load": "prunekit.core.pipeline.load",
    "prune": "prunekit.core.api",
    "recalibrate": "prunekit.core.api",
    "shrink": "prunekit.core.api",
    "trace": "prunekit.core.api",
}

__all__ = [
    "ChannelGraph",
    "Naming",
    "PrunePlan",
    "Register",
    "RegisterType",
    "__version__",
    "compensate",
    "load",
    "prune",
    "recalibrate",
    "shrink",
    "trace",
]

ascend_automl.install()


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib_metadata import version

        return version("prunekit")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'prunekit' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
