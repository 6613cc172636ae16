"""``prunekit registry-check``: imports everything that packs declare and compares it with the manifests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from prunekit.core.cli.plugins import reason
from prunekit.core.cli.show import first_paragraph
from prunekit.core.hooks import Hooks
from prunekit.registry import (
    FRAMEWORKS,
    HOOKS,
    BrokenEntryError,
    Entry,
    PackRecord,
    Register,
    RegisterType,
    UnknownNameError,
    describing,
    did_you_mean,
    importable,
    nearest,
    normalized,
)
from prunekit.registry.errors import escaped

Finding = tuple[Literal["broken", "warning", "note"], str]


def registry_check(pack: str | None) -> int:
    """Check one distribution's packs and hooks, or those of all, and print what is found.

    Returns:
        1 if anything is broken, 0 if there are warnings at most.

    Raises:
        UnknownNameError: No such distribution is installed.
    """
    records = [*Register.packs(), *Hooks.installed(lambda _: None).records]
    names = {normalized(record.distribution): record.distribution for record in records}
    if pack is not None and normalized(pack) not in names:
        hint = did_you_mean(pack, names.values()) or f" There are {', '.join(names.values())}."
        raise UnknownNameError(f"no installed distribution {pack!r} has packs or hooks for prunekit.{hint}")
    code = 0
    for name in [normalized(pack)] if pack is not None else sorted(names):
        checked = _Checked([record for record in records if normalized(record.distribution) == name])
        checked.look(blocked="note" if pack is None else "broken")
        print(*map(escaped, checked.lines()), sep="\n")
        code = max(code, checked.count("broken"))
    return min(code, 1)


@dataclass
class _Checked:
    """One distribution and what is found in it."""

    records: Sequence[PackRecord]
    declared: list[Entry] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def look(self, blocked: Literal["broken", "note"]) -> None:
        """Import all that it declares."""
        distribution = self.records[0].distribution
        for record in self.records:
            what = f"{'hooks' if record.group.startswith(HOOKS[:-1]) else 'pack'} {record.name}: {reason(record)}"
            if record.error:
                self.findings.append(("broken", what))
            elif record.blocked_by:
                self.findings.append((blocked, f"{what}, not checked"))
            elif record.warning:
                self.findings.append(("warning", what.replace("warning: ", "")))
        self.declared = [entry for entry in Register.declared() if entry.distribution == distribution]
        for entry in self.declared:
            self.findings += [
                (kind, f"{entry.type.words} {entry.name!r}: {text}") for kind, text in _check_entry(entry)
            ]
        self.findings += _undeclared(distribution, self.declared)

    def count(self, kind: str) -> int:
        """How many findings of a kind there are."""
        return sum(found == kind for found, _ in self.findings)

    def lines(self) -> list[str]:
        """The report."""
        order = ("broken", "warning", "note")
        found = sorted(self.findings, key=lambda each: order.index(each[0]))
        counts = [f"{self.count(kind)} {kind}" for kind in order if self.count(kind)]
        head = f"{self.records[0].origin}: {len(self.declared)} declared, {', '.join(counts) or 'nothing to mend'}"
        return [head, *(f"  {kind:<7}  {text}" for kind, text in found)]


def _check_entry(entry: Entry) -> Iterator[Finding]:
    wrong, needs = _backend(entry)
    if wrong or needs:
        yield ("broken", wrong) if wrong else ("note", f"not checked: needs {needs}")
        return
    try:
        component = Register.load(entry)
        with describing(entry):
            found = [*_disagreements(entry, component), *_manners(component)]
            if entry.type is RegisterType.PIPE_STEP:
                _check_sections(component)
    except BrokenEntryError as problem:
        root = problem.missing
        if root in FRAMEWORKS and not importable(root):
            yield "note", f"not checked: needs {root}"
        else:
            yield "broken", _why(entry, problem)
        return
    yield from found
    others = {
        other.origin
        for other in Register.entries(entry.type)
        if other.distribution not in (None, entry.distribution)
        and other.serves(entry.backend)
        and not set(other.names).isdisjoint(entry.names)
    }
    if others:
        told = f"{entry.distribution}/{entry.name}"
        yield (
            "warning",
            f"{', '.join(sorted(others))} has the name too; where both are installed a yml must say {told!r}",
        )


def _backend(entry: Entry) -> tuple[str, str]:
    """What is wrong with an entry's backend, and the framework that it needs and that is not installed."""
    backends = Register.entries(RegisterType.BACKEND)
    if entry.backend is None or entry.type is RegisterType.BACKEND:
        own = [entry.framework] if entry.framework else []
    elif known := [each for each in backends if each.name == entry.backend]:
        own = [each.framework for each in known if each.framework]
    elif near := [
        each.name for each in backends if entry.backend in each.aliases or nearest(entry.backend, each.names)
    ]:
        return f"there is no backend {entry.backend!r}. Did you mean {near[0]!r}?", ""
    else:
        own = [entry.backend]  # of another pack, or of a later prunekit
    return "", next((name for name in own if not importable(name)), "")


def _why(entry: Entry, problem: BrokenEntryError) -> str:
    for other in Register.entries():
        if other.target == entry.target and other.type is not entry.type:
            return f"the manifest says {entry.type.words}, the decorator of {entry.target} {other.type.words}"
    return str(problem).removeprefix(f"{entry.type.words} {entry.name!r} ")


def _disagreements(entry: Entry, component: type) -> Iterator[Finding]:
    found = [each for each in Register.entries(entry.type) if (each.target, each.file) == (entry.target, entry.file)]
    said = next((each for each in found if each.name == entry.name), found[0])
    if said.name != entry.name:
        yield "broken", f"its decorator names it {said.name!r}"
    if set(said.aliases) != set(entry.aliases):
        given = [", ".join(each.aliases) or "none" for each in (entry, said)]
        yield "broken", f"the manifest's aliases are {given[0]}, the decorator's {given[1]}"
    backend = said.backend if said.backend != entry.backend else Register.backend_of(component) or entry.backend
    if entry.backend is None and backend is not None:
        yield "warning", f"the manifest does not name its backend, {backend!r}: say so in a list of dicts"
    elif backend != entry.backend:
        yield "broken", f"the manifest says backend {entry.backend!r}, the class {backend or 'any'!r}"


def _manners(component: type) -> Iterator[Finding]:
    if not first_paragraph(component):
        yield "warning", "the class has no docstring; `prunekit show` has nothing to say of it"
    from prunekit.core.config.signature import constructor_parameters  # here: it imports pydantic

    for each in constructor_parameters(component) or ():
        if each.kind is each.VAR_KEYWORD:
            yield "warning", f"takes **{each.name}: further keys of a yml cannot be checked; name the parameters"


def _check_sections(step: type) -> None:
    from prunekit.core.config.step_sections import StepSections

    StepSections.of(step)


def _undeclared(distribution: str, declared: Sequence[Entry]) -> list[Finding]:
    known, modules = {(entry.type, entry.target) for entry in declared}, {entry.module for entry in declared}
    targets = {entry.target for entry in declared}  # of another type: told already
    told = "is registered, but the manifest does not declare it"
    return [
        ("broken", f"{entry.type.words} {entry.name!r}: {entry.target} {told}")
        for entry in Register.entries()
        if (entry.distribution == distribution or entry.module in modules)
        and (entry.type, entry.target) not in known
        and entry.target not in targets
    ]
