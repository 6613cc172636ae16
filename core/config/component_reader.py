"""Reads a block with a ``type``: finds the component in the registry and checks the keys against its constructor."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel

from prunekit.core.config.annotation_keys import allows_none, fields_of, named_kind
from prunekit.core.config.block_validation import check_model, shown
from prunekit.core.config.node import Key, Node
from prunekit.core.config.problems import Findings
from prunekit.core.config.signature import Signature, params_model, read_signature
from prunekit.core.config.typed_block import flat, nested
from prunekit.core.config.unsupported_vega_keys import NAMES_NOT_YET, not_yet, without_foreign
from prunekit.core.config.usable_values import refuse_unusable
from prunekit.registry import Entry, Register, RegisterType, RegistryError, UnknownNameError, describing

INJECTED: dict[RegisterType, frozenset[str]] = {
    RegisterType.DATASET: frozenset({"split"}),
    RegisterType.SEARCH_ALGORITHM: frozenset({"space", "settings", "seed"}),
    RegisterType.EXECUTOR: frozenset({"make"}),
    RegisterType.TRAINER: frozenset({"backend", "device"}),
}
"""Constructor parameters that prunekit sets itself, by kind of component; a yml may not."""


@dataclass(frozen=True)
class ComponentSpec:
    """A component that a yml names. Its parameters are checked; it is not constructed yet.

    Attributes:
        kind: The kind of component.
        name: Its name in the registry (never an alias).
        params: The constructor's arguments that the yml gives, as the annotations want them (Path, dataclass, ...).
        where: ``file.yml:12: nas.trainer``; not part of equality.
        defaults: The constructor's defaults for the parameters not given, where JSON can express them.
    """

    kind: RegisterType
    name: str
    params: dict[str, Any] = field(default_factory=dict)
    where: str = field(default="", compare=False)
    defaults: dict[str, Any] = field(default_factory=dict, compare=False)


class ComponentReader:
    """Reads the components of one file.

    Args:
        findings: Takes problems and warnings.
        backend: Name of the backend, or None if the yml names none that exists.
    """

    def __init__(self, findings: Findings, backend: str | None) -> None:
        self._findings, self._backend = findings, backend

    def read(
        self,
        kind: RegisterType,
        block: Node,
        also_known: Iterable[str] = (),
        beside: Mapping[str, Node | None] = MappingProxyType({}),
    ) -> ComponentSpec | None:
        """Read a block; None where ``findings`` got a problem.

        Args:
            kind: The kind of component that the block must name.
            block: The block with ``type`` and parameters.
            also_known: Keys that its section takes beside the component's parameters; a hint may name them.
            beside: Parameters that stand beside the block, not in it; None for each that is not given.
        """
        component = self.find(kind, block)
        if component is None:
            return None
        entry = Register.entry(kind, block.get_or_empty("type").value, self._backend)
        before = len(self._findings.problems)
        injected = INJECTED.get(kind, frozenset())
        try:
            with describing(entry):
                signature = read_signature(component, injected)
                defaults = {k: v for k, v in signature.defaults.items() if is_plain(v)}
        except RegistryError as error:
            self._findings.problem(block.get_or_empty("type"), str(error))
            return None
        given = self._given(signature, block)
        for key in injected & given.entries.keys():
            self._findings.problem(
                given.get_or_empty(key), f"{key!r} is set by prunekit itself and cannot be given here"
            )
        for key in beside.keys() & given.entries.keys():
            self._findings.problem(
                given.get_or_empty(key), f"{key!r} is a section: it stands beside {block.path[-1]!r}"
            )
        given = given.without(*injected, *beside)
        if signature.catch_all is None:
            given = without_foreign(given, kind.value, signature.annotations, self._findings)
        outside = self._outside(signature, block, beside)
        self._warn_of_unchecked(signature, given.with_entries({**given.entries, **outside.entries}), block)
        params = self._params(signature.without(beside), given, also_known)
        for name, node in outside.entries.items():  # each by itself, so that a mistake in one hides none in another
            others = signature.annotations.keys() - {name}
            params |= self._params(signature.without(others), outside.with_entries({name: node}), ())
        if len(self._findings.problems) > before:
            return None
        defaults = {k: v for k, v in defaults.items() if k not in params}
        return ComponentSpec(kind, entry.name, params, block.where, defaults)  # an alias means the same

    def find(self, kind: RegisterType, block: Node) -> type | None:
        """Return the class that a block's ``type`` names; None where ``findings`` got a problem."""
        if block.value is not None and not isinstance(block.value, dict):
            self._findings.problem(block, f"must be a block with a 'type', not {shown(block)}")
            return None
        if block.child("type") is None:
            self._findings.problem(block, "'type' is missing")
            return None
        entry = self.find_name(kind, block.get_or_empty("type"))
        try:
            return Register.get(kind, entry.name, self._backend) if entry else None
        except RegistryError as error:
            self._findings.problem(block.get_or_empty("type"), str(error))
            return None

    def find_name(self, kind: RegisterType, node: Node) -> Entry | None:
        """Return the registry's entry for a name, importing nothing."""
        if not isinstance(node.value, str) or not node.value:
            self._findings.problem(node, f"must be the name of a {kind.words}, not {shown(node)}")
            return None
        try:
            return Register.entry(kind, node.value, self._backend)
        except UnknownNameError as error:
            later = NAMES_NOT_YET.get(kind, {})
            text = not_yet(node.value, later[node.value]) if node.value in later else str(error)
            self._findings.problem(node, text)
        except RegistryError as error:
            if self._backend is not None or kind is RegisterType.BACKEND:  # else the backend is the mistake
                self._findings.problem(node, str(error))
        return None

    def _warn_of_unchecked(self, signature: Signature, given: Node, block: Node) -> None:
        reasons: dict[str, list[str]] = {}
        for key in map(str, given.entries):
            if key not in signature.annotations and signature.catch_all is not None:
                reasons.setdefault(f"taken by **{signature.catch_all}", []).append(repr(key))
            elif key in signature.unchecked:
                reasons.setdefault(signature.unchecked[key], []).append(repr(key))
        if reasons:
            details = "; ".join(f"{', '.join(keys)} ({reason})" for reason, keys in reasons.items())
            self._findings.warn(block, f"{signature.component}: cannot be checked: {details}")

    def _given(self, signature: Signature, block: Node) -> Node:
        """Return the parameters, from beside ``type`` or from ``params``. Blocks among them get one form as well."""
        given = block.without("type")
        if "params" not in signature.annotations and given.get_or_empty("params").entries:
            given = flat(given, self._findings)
        entries: dict[Key, Node] = {}
        for key, node in given.entries.items():
            entries[key] = self._one_form(node, signature.annotations.get(str(key), Any))
        return given.with_entries(entries)

    def _one_form(self, node: Node, annotation: Any) -> Node:
        if component_kind(annotation) is not None:  # read as a block of its own
            return node
        return nested(node) if "params" in fields_of(annotation) else flat(node, self._findings)

    def _outside(self, signature: Signature, block: Node, beside: Mapping[str, Node | None]) -> Node:
        """The parameters that stand beside a block; ``~`` is an empty one where it can mean no default and no None."""
        entries: dict[Key, Node] = {}
        for key, node in beside.items():
            annotation = signature.annotations.get(key, Any)
            if node is not None and fields_of(annotation) and component_kind(annotation) is None:
                empty = node.value is None and key not in signature.defaults and not allows_none(annotation)
                node = node.with_entries({}) if empty else self._one_form(node, annotation)
            if node is not None:
                entries[key] = node
        return block.with_entries(entries)

    def _params(self, signature: Signature, given: Node, also_known: Iterable[str]) -> dict[str, Any]:
        known: dict[Key, Node] = {k: node for k, node in given.entries.items() if k in signature.annotations}
        rest = {key: node for key, node in given.entries.items() if key not in known}
        if signature.catch_all is None:
            for key in rest:
                self._findings.unknown_key(given, key, [*signature.annotations, *also_known])
        else:
            refuse_unusable(given.with_entries(rest), self._findings, shown)
            for node in (node for key, node in rest.items() if not isinstance(key, str)):
                self._findings.problem(node, "the key must be text")
        values = {str(key): node.to_python() for key, node in rest.items()}
        for key in [each for each, node in known.items() if node.value is not None]:
            kind = component_kind(signature.annotations[str(key)])
            if kind is not None:
                values[str(key)] = self.read(kind, known.pop(key))
                signature = signature.without([str(key)])
        model = params_model(signature)
        found = check_model(model, given.with_entries(known), self._findings)
        if found is None:
            return values
        for name, each in model.model_fields.items():
            if name in found.model_fields_set and each.alias is not None:
                node, value = given.get_or_empty(each.alias), getattr(found, name)
                self._check_value(node, value, signature.annotations[each.alias])
                values[each.alias] = node.to_python() if signature.annotations[each.alias] is Any else value
        return values

    def _check_value(self, node: Node, value: Any, annotation: Any) -> None:
        """Check that paths exist, and that ``Annotated[str, RegisterType.METRIC]`` is the name of a metric."""
        for key, (inner, _) in fields_of(annotation).items():
            child, part = node.child(key), getattr(value, key, None)
            if child is not None and part is not None:
                self._check_value(child, part, inner)
        for path in _paths(value):
            check_exists(path, node, self._findings)
        if node.path[-1] == "data_path" and isinstance(value, str):
            check_exists(Path(value), node, self._findings)
        kind = named_kind(annotation)
        if kind is not None and isinstance(value, str):
            self.find_name(kind, node)


def component_kind(annotation: Any) -> RegisterType | None:
    """What kind of component stands in a block of its own: ``Annotated[ComponentSpec, RegisterType.NETWORK]``."""
    return named_kind(annotation, ComponentSpec)


def check_exists(path: Path, node: Node, findings: Findings) -> None:
    """Record a problem where a file or folder that the yml names for input does not exist."""
    if check_can_be_there(path, node, findings) and not path.exists():
        findings.problem(node, f"{_named(path, node)} does not exist")


def check_can_be_there(path: Path, node: Node, findings: Findings) -> bool:
    """Whether the system can look for ``path``; a problem where it cannot: the name is too long, a folder is closed."""
    try:
        path.exists()
    except (OSError, ValueError) as problem:
        findings.problem(node, f"{_named(path, node)}: {getattr(problem, 'strerror', None) or problem}")
        return False
    return True


def check_file(path: Path, node: Node, findings: Findings) -> None:
    """Record a problem where a file that the yml names for input does not exist, or is a folder."""
    before = len(findings.problems)
    check_exists(path, node, findings)
    if len(findings.problems) == before and path.is_dir():
        findings.problem(node, f"{_named(path, node)} is a folder; name the file itself")


def _named(path: Path, node: Node) -> str:
    return shown(replace(node, value=str(path)))


def _paths(value: Any) -> list[Path]:
    if isinstance(value, Path):
        return [value]
    if isinstance(value, (list, tuple, dict)):
        return [path for item in (value.values() if isinstance(value, dict) else value) for path in _paths(item)]
    return []


def is_plain(value: Any) -> bool:
    """Return whether a default can be written into a yml."""
    if isinstance(value, (list, tuple)):
        return all(map(is_plain, value))
    if isinstance(value, dict):
        return all(isinstance(key, str) and is_plain(item) for key, item in value.items())
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, (bool, int, str, Path, BaseModel))
