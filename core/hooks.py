"""Hooks: what an installed package, or a module of one, can do while prunekit works.

A package names a module (or an object) with hook implementations under the entry-point group ``prunekit.hooks.v1``::

    [project.entry-points."prunekit.hooks.v1"]
    my_logger = "my_package.hooks"

An implementation takes as many of a hook's arguments as it needs, by their names. What is handed over is a copy of its
own and may gain attributes in later versions, and so may a hook gain arguments.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy

from prunekit.registry import HOOKS, PackRecord, Plugin, PrunekitError, Register, nearest_or_all
from prunekit.registry.errors import described, one_line, quoted

if TYPE_CHECKING:
    from prunekit.core.search.trial import Record

hookimpl = pluggy.HookimplMarker("prunekit")
_hookspec = pluggy.HookspecMarker("prunekit")


@dataclass(frozen=True)
class SearchInfo:
    """A search that is going on.

    Attributes:
        task_id: The task.
        step: The step's name in the yml.
        folder: Where the step writes.
        backend: The backend's name.
        algorithm: The search algorithm's name.
        metric: Name of the metric whose value `Result.value` is.
        episodes: How many networks it will sample.
    """

    task_id: str
    step: str
    folder: Path
    backend: str
    algorithm: str
    episodes: int
    metric: str = ""


@dataclass(frozen=True)
class StepInfo:
    """A step that has ended well.

    Attributes:
        task_id: The task.
        step: The step's name in the yml.
        type: The name of its kind, such as ``SearchPipeStep``.
        folder: Where it wrote.
        records: Its networks, as in ``reports.json``.
    """

    task_id: str
    step: str
    type: str
    folder: Path
    records: tuple[Mapping[str, Any], ...]


class HookSpecs:
    """Every hook. What an implementation raises is reported once and stops neither the run nor the others."""

    @_hookspec
    def search_started(self, search: SearchInfo) -> None:
        """A search begins, or goes on after an interruption.

        Example::

            @hookimpl
            def search_started(search):
                print(f"{search.algorithm} samples {search.episodes} networks")
        """

    @_hookspec
    def episode_end(self, search: SearchInfo, record: Record) -> None:
        """A sampled network has been evaluated, skipped or has failed; ``record.result`` says which.

        After an interruption the episodes before it come once more, with ``record.replayed`` set.

        Example::

            @hookimpl
            def episode_end(record):
                print(record.id, record.result.status, record.result.value)
        """

    @_hookspec
    def search_finished(self, search: SearchInfo, best: tuple[Record, ...]) -> None:
        """A search has ended; ``best`` holds the trials that are kept, best first.

        Example::

            @hookimpl
            def search_finished(search, best):
                (search.folder / "rewards.txt").write_text(" ".join(str(each.result.reward) for each in best))
        """

    @_hookspec
    def step_finished(self, step: StepInfo) -> None:
        """A step of the pipeline has ended well and its files are written.

        Example::

            @hookimpl
            def step_finished(step):
                for record in step.records:
                    print(step.step, record["model_path"])
        """

    @_hookspec(firstresult=True)
    def should_stop(self, search: SearchInfo, record: Record) -> bool | None:
        """Decide after an episode whether the search ends here; None leaves it to the others.

        The first answer that is not None counts; the plug-in that was loaded last is asked first.

        Example::

            @hookimpl
            def should_stop(record):
                return True if record.result.value > 0.93 else None
        """


class HookError(PrunekitError):
    """A plug-in's hooks are not what `HookSpecs` says."""


class Hooks:
    """The hooks of the packages that are installed; an object that is passed down.

    Args:
        warn: Takes one line for each thing that goes wrong.

    Attributes:
        records: What became of each entry point.
    """

    def __init__(self, warn: Callable[[str], None]) -> None:
        self.records: list[PackRecord] = []
        self._warn = warn
        self._specs = pluggy.PluginManager("prunekit")
        self._specs.add_hookspecs(HookSpecs)
        self._implementations: list[_Implementation] = []
        self._reported: set[tuple[str, str]] = set()

    @classmethod
    def installed(cls, warn: Callable[[str], None]) -> Hooks:
        """The hooks of every package that may be loaded; one that is broken is told to ``warn`` and left out."""
        hooks = cls(warn)
        hooks.records = Register.discover(HOOKS, hooks._add)
        for record in hooks.records:
            if record.error:
                warn(f"hooks {one_line(record.name)} of {record.origin} are not used: {record.error}")
        return hooks

    def search_started(self, search: SearchInfo) -> None:
        """Tell that a search begins."""
        self._tell("search_started", search=search)

    def episode_end(self, search: SearchInfo, record: Record) -> None:
        """Tell what became of a trial."""
        self._tell("episode_end", search=search, record=record)

    def search_finished(self, search: SearchInfo, best: tuple[Record, ...]) -> None:
        """Tell what a search found."""
        self._tell("search_finished", search=search, best=best)

    def step_finished(self, step: StepInfo) -> None:
        """Tell that a step has ended well."""
        self._tell("step_finished", step=step)

    def should_stop(self, search: SearchInfo, record: Record) -> bool | None:
        """Ask whether the search ends here; None where nobody says."""
        for answer in self._calls("should_stop", search=search, record=record):
            if answer is not None:
                return answer
        return None

    def _tell(self, hook: str, **payload: object) -> None:
        for _ in self._calls(hook, **payload):
            pass

    def _calls(self, hook: str, **payload: object) -> Iterator[bool | None]:
        """Call the implementations one by one, pluggy's own call ends at the first that raises; yield their answers.

        Each is given a copy: what it changes changes neither the run nor what the next one sees.
        """
        for each in self._implementations:
            if each.hook != hook:
                continue
            given = copy.deepcopy([payload[name] for name in each.arguments])
            try:
                answer = each.function(*given)
            except KeyboardInterrupt:
                raise
            except BaseException as problem:  # another's code: a run does not end for it
                self._report(each, f"raised {described(problem)}")
            else:
                yield self._decision(each, answer) if hook == "should_stop" else None

    def _decision(self, each: _Implementation, answer: object) -> bool | None:
        """An answer, if it is one: of anything else, whether it is true would be a matter of chance."""
        import numpy as np  # a run has it; listing the hooks needs none

        if isinstance(answer, (bool, np.bool_)):
            return bool(answer)
        if answer is not None:
            self._report(each, f"answered {quoted(answer)}, which is not True, False or None")
        return None

    def _report(self, each: _Implementation, what: str) -> None:
        if (each.origin, each.hook) not in self._reported:
            self._reported.add((each.origin, each.hook))
            self._warn(f"hook {each.hook} of {each.origin} {what} (told once; the run goes on)")

    def _add(self, plugin: Plugin) -> int:
        found = _implementations(plugin.point.load(), plugin.origin, self._specs)
        last_first = [*reversed(found), *self._implementations]
        self._implementations = sorted(last_first, key=lambda each: each.rank)
        return len({each.hook for each in found})


@dataclass(frozen=True)
class _Implementation:
    """What an implementation is called with and as; ``rank`` is -1 for ``tryfirst``, 1 for ``trylast``."""

    hook: str
    origin: str
    function: Callable[..., object]
    arguments: tuple[str, ...]
    rank: int


def _implementations(plugin: object, origin: str, specs: pluggy.PluginManager) -> list[_Implementation]:
    """What a plug-in implements.

    Raises:
        HookError: One of them is no hook, or takes what the hook does not give.
    """
    if isinstance(plugin, type):
        raise HookError(f"{plugin.__name__} is a class; the entry point must name a module or an object")
    alone = pluggy.PluginManager("prunekit")  # without specifications, so that it takes anything
    alone.register(plugin)
    callers = alone.get_hookcallers(plugin) or []
    if not callers:
        raise HookError("it implements no hook; mark its functions with @hookimpl of prunekit.core.hooks")
    found = []
    for caller in callers:
        spec = getattr(specs.hook, caller.name, None)
        if spec is None:
            known = [name for name in vars(HookSpecs) if not name.startswith("_")]
            raise HookError(f"there is no hook {caller.name!r}{nearest_or_all(caller.name, known)}")
        for each in caller.get_hookimpls():
            if each.hookwrapper or each.wrapper:
                raise HookError(f"{caller.name} is a wrapper; hooks are called one by one and cannot be wrapped")
            if any(kind(each.function) for kind in _NOT_PLAIN):
                raise HookError(f"{caller.name} would not run when it is called: it is async, or has a yield")
            for name in each.argnames:
                if name not in spec.spec.argnames:
                    raise HookError(f"{caller.name} is given no {name!r}{nearest_or_all(name, spec.spec.argnames)}")
            rank = int(each.trylast) - int(each.tryfirst)
            found.append(_Implementation(caller.name, origin, each.function, tuple(each.argnames), rank))
    return found


_NOT_PLAIN = (inspect.iscoroutinefunction, inspect.isasyncgenfunction, inspect.isgeneratorfunction)
