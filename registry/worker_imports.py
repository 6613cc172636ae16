"""Carries the imports of a process over to its worker processes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from prunekit.registry.local_import import local_files, serve
from prunekit.registry.register import Register


@dataclass(frozen=True)
class WorkerImports:
    """Made by `worker_imports` in one process, picklable, applied in a process that is just starting.

    Attributes:
        files: The files of modules that no import path leads to, by the modules' names.
        own_only: Whether packs and hooks of other distributions are left alone.
    """

    files: Mapping[str, str]
    own_only: bool

    def apply(self) -> None:
        """Let this process import the same modules by their names, and load the same packs."""
        serve(self.files)
        if self.own_only:
            Register.without_plugins()


def worker_imports() -> WorkerImports:
    """What another process needs in order to unpickle an object of any class that is known here."""
    return WorkerImports(local_files(), Register.own_only)
