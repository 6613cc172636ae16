"""Lets a model file that was written for Ascend AutoML run unchanged.

Its line ``from ascend_automl.tools.register import Register, RegisterType`` finds prunekit's own where the toolkit is
not installed. Where it is, the toolkit is what is found.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

NAMES = ("ascend_automl", "ascend_automl.tools", "ascend_automl.tools.register")


class StandIn:
    """Finds and makes the three modules, after everybody else."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module's spec, or None where it is none of ours or the toolkit is there."""
        if name not in NAMES:
            return None
        parent = sys.modules.get(name.rpartition(".")[0])
        if parent is not None and not _gives_way(parent):
            return None
        importlib.invalidate_caches()  # it may have been installed a moment ago
        for finder in sys.meta_path:  # and found by somebody who comes after us
            spec = None if finder is self else finder.find_spec(name, path, target)
            if spec is not None:
                return spec
        loader: Any = self  # a Loader by what it has; the abstract class takes long to import
        return ModuleSpec(name, loader, origin=__name__, is_package=name != NAMES[-1])

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Leave it to the import system."""

    def exec_module(self, module: ModuleType) -> None:
        """Give the module what a model file imports from it."""
        if module.__name__ == NAMES[-1]:
            from prunekit.registry.entry import RegisterType
            from prunekit.registry.register import Register

            vars(module).update(Register=Register, RegisterType=RegisterType)


def _gives_way(parent: ModuleType) -> bool:
    """Whether a package is ours, or no more than a folder of that name with models in it."""
    spec = parent.__spec__
    return spec is not None and (isinstance(spec.loader, StandIn) or spec.origin is None)


def install() -> None:
    """Put the finder at the end of the import system's, once."""
    if not any(isinstance(finder, StandIn) for finder in sys.meta_path):
        sys.meta_path.append(StandIn())
