"""Hooks: what an installed package, or a module of one, can do while prunekit works.

A package names a module (or an object) with hook implementations under the entry-point group ``prunekit.hooks.v1``::

    [project.entry-points."prunekit.hooks.v1"]
    my_logger = "my_package.hooks"

An implementation takes as many of a hook's arguments as it needs, by their names. What is handed over is frozen and may
gain attributes in later versions, and so may a hook gain arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pluggy

from prunekit.registry import HOOKS, PackRecord, Plugin, PrunekitError, Register, nearest_or_all
from prunekit.registry.errors import described, one_line

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
        episodes: How many networks it will sample.
    """

    task_id: str
    step: str
    folder: Path
    backend: str
    algorithm: str
    episodes: int


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
                print(record.id, record.result.status, record.result.accuracy)
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
                return True if record.result.accuracy > 0.93 else None
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
        self._plugins = pluggy.PluginManager("prunekit")
        self._plugins.add_hookspecs(HookSpecs)
        self._origins: dict[str, str] = {}
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
        for answer in self._answers("should_stop", search=search, record=record):
            if answer is not None:
                return cast("bool", answer)
        return None

    def _tell(self, hook: str, **payload: object) -> None:
        for _ in self._answers(hook, **payload):
            pass

    def _answers(self, hook: str, **payload: object) -> Any:
        """Call the implementations one by one: pluggy's own call ends at the first that raises."""
        for each in reversed(getattr(self._plugins.hook, hook).get_hookimpls()):
            try:
                answer = each.function(*(payload[name] for name in each.argnames))
                answer = None if answer is None else bool(answer)  # here: an array of several has no truth value
            except (Exception, SystemExit) as problem:  # another's code: a run does not end for it
                answer = None
                self._report(each.plugin_name, hook, problem)
            yield answer

    def _report(self, plugin: str, hook: str, problem: BaseException) -> None:
        if (plugin, hook) not in self._reported:
            self._reported.add((plugin, hook))
            told = described(problem)
            self._warn(f"hook {hook} of {self._origins[plugin]} raised {told} (told once; the run goes on)")

    def _add(self, plugin: Plugin) -> int:
        found = plugin.point.load()
        count = _checked(found, self._plugins)
        name = f"{plugin.distribution}/{plugin.point.name}"
        self._plugins.register(found, name)
        self._origins[name] = plugin.origin
        return count


def _checked(plugin: object, hooks: pluggy.PluginManager) -> int:
    """How many hooks a plug-in implements. Checked before it is added: what pluggy refuses it leaves half added.

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
    for caller in callers:
        spec = getattr(hooks.hook, caller.name, None)
        if spec is None:
            known = [name for name in vars(HookSpecs) if not name.startswith("_")]
            raise HookError(f"there is no hook {caller.name!r}{nearest_or_all(caller.name, known)}")
        for each in caller.get_hookimpls():
            if each.hookwrapper or each.wrapper:
                raise HookError(f"{caller.name} is a wrapper; hooks are called one by one and cannot be wrapped")
            for name in each.argnames:
                if name not in spec.spec.argnames:
                    raise HookError(f"{caller.name} is given no {name!r}{nearest_or_all(name, spec.spec.argnames)}")
    return len(callers)
