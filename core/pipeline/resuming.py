"""What may change when a task is gone on with: all but what its computed results depend on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from prunekit.core.config import StepConfig
from prunekit.core.json_file import short
from prunekit.core.pipeline.errors import RunError, error_location
from prunekit.core.pipeline.reports import Reports
from prunekit.core.pipeline.run_folder import RunFolder
from prunekit.core.search.begun_by import begun_by, refuse_another
from prunekit.core.search.journal_file import read_journal
from prunekit.registry import Register, RegisterType

_NO_RESULT = frozenset(
    {
        *(f"dataset.{split}.{key}" for split in ("train", "val", "test") for key in ("num_workers", "cache_gb")),
        "search_algorithm.plot_train_curve",
        "search_algorithm.plot_graph_save_folder",
    }
)
"""Settings, dotted within a step's block, that change no result of any step."""

_WHENCE = {"search_algorithm.lag": "where the yml says none, general.parallel_search decides"}
"""For settings that another one may set, which it is."""


@dataclass(frozen=True)
class Dependence:
    """Which settings of a step its results do not depend on; dotted paths within its block.

    Attributes:
        no_result: Those that change no result of it.
        late: Those that it looks at only when all the rest is computed.
    """

    no_result: frozenset[str] = _NO_RESULT
    late: frozenset[str] = frozenset()

    @classmethod
    def of(cls, step: StepConfig, backend: str) -> Dependence:
        """That of a step's kind; one that says nothing depends on all of its block."""
        kind = Register.get(RegisterType.PIPE_STEP, step.pipe_step.name, backend)
        return cls(_NO_RESULT | frozenset(getattr(kind, "no_result", ())), frozenset(getattr(kind, "late", ())))

    def settings(self, block: Any, finished: bool) -> Any:
        """The part of a step's block that its results depend on: once it has finished, or while it is at work."""
        return _without(block, self.no_result if finished else self.no_result | self.late)


def step_keys(resolved: Mapping[str, Any], depends: Mapping[str, Dependence]) -> dict[str, tuple[str, str]]:
    """For each step a digest of what its results depend on, once it has finished and while it is at work.

    Both hold what the steps before it depend on.
    """
    keys, seen = {}, ""
    for name in resolved["pipeline"]:
        depend, block = depends.get(name, Dependence()), resolved.get(name)
        begun = _digest(seen, depend.settings(block, finished=False))
        seen = _digest(seen, depend.settings(block, finished=True))
        keys[name] = (seen, begun)
    return keys


def refuse_changes(
    folder: RunFolder,
    before: Mapping[str, Any],
    now: Mapping[str, Any],
    depends: Mapping[str, Dependence],
    reports: Reports,
) -> None:
    """Refuse to go on with a task where what was computed would not be what the yml now says.

    Args:
        folder: The task's folder.
        before: The resolved configuration that it was begun with.
        now: What the yml and the flags say now.
        depends: What the steps depend on, by name.
        reports: Which steps have finished.

    Raises:
        RunError: The message shows each difference: key, old value, new value.
    """
    computed = [step for step in before["pipeline"] if folder.has_files_of(step)]
    if not computed:
        return
    until = before["pipeline"].index(computed[-1]) + 1
    lines = []
    for name in ("imports", "general"):
        lines += differences({name: before.get(name)}, {name: now.get(name)})
    lines += differences({"pipeline": before["pipeline"][:until]}, {"pipeline": now["pipeline"][:until]})
    for step in (step for step in computed if step in now["pipeline"]):  # else the pipeline's difference says it
        depend, ended = depends.get(step, Dependence()), reports.has_finished(step)
        old, new = (depend.settings(blocks.get(step), ended) for blocks in (before, now))
        lines += differences({step: old}, {step: new})
    if lines:
        shown = "\n".join(f"  {line}" for line in lines)
        raise RunError(
            f"task {folder.root.name} was begun with another yml or other flags; only train_episode may grow. Undo"
            f" this, or choose another -t:\n{shown}"
        )


def refuse_old_searches(folder: RunFolder, steps: Iterable[StepConfig], backend: str) -> None:
    """Refuse, before anything is changed, to go on with a search whose journal this prunekit cannot go on with.

    Args:
        folder: The task's folder.
        steps: Those that are left to do.
        backend: The backend's name.

    Raises:
        RunError: A journal is damaged, or was begun by another version of the journal or of the algorithm.
    """
    for step in steps:
        if step.search_algorithm is None or step.settings is None:
            continue
        path = folder.journal(step.name)
        with error_location(step.where):
            entries = read_journal(path).entries
            if entries:
                kind = Register.get(RegisterType.SEARCH_ALGORITHM, step.search_algorithm.name, backend)
                refuse_another(path, entries[0], begun_by(kind, step.settings.lag, step.metric))


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """What differs between two resolved configurations, one line each, but for a search that grows longer."""
    old, new = _flat(before), _flat(json.loads(json.dumps(after)))
    lines = []
    for key in [*old, *(key for key in new if key not in old)]:
        if old.get(key) != new.get(key) and not _grows(key, old.get(key, 0), new.get(key, 0)):
            whence = next((f" ({words})" for path, words in _WHENCE.items() if key.endswith(f".{path}")), "")
            then, now = (short(values.get(key, "(nothing)")) for values in (old, new))
            lines.append(f"{short(key)}: {then} -> {now}{whence}")
    return lines


def _grows(key: str, old: Any, new: Any) -> bool:
    is_length = key.endswith("search_algorithm.train_episode") and isinstance(old, int) and isinstance(new, int)
    return is_length and old <= new


def _without(block: Any, paths: Iterable[str]) -> Any:
    """A copy of a block without what stands at dotted paths."""
    if not isinstance(block, Mapping):
        return block
    inner: dict[str, set[str]] = {}
    for path in paths:
        key, _, rest = path.partition(".")
        inner.setdefault(key, set()).add(rest)
    return {
        key: _without(value, inner[key]) if key in inner else value
        for key, value in block.items()
        if "" not in inner.get(key, ())
    }


def _digest(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def _flat(value: Any, prefix: str = "") -> dict[str, Any]:
    if isinstance(value, Mapping) and value:
        pairs = [(f"{prefix}.{key}" if prefix else str(key), part) for key, part in value.items()]
        return {key: leaf for path, part in pairs for key, leaf in _flat(part, path).items()}
    return {prefix: value}
