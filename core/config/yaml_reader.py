"""Reads a yml file safely: YAML 1.2 scalars, no duplicate keys, no bombs, a line for every key."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from prunekit.core.config.node import Key, Node
from prunekit.core.config.problems import ConfigError, Findings, Problem
from prunekit.core.config.yaml_errors import explain

MAX_BYTES = 1 << 20
MAX_VALUES = 20_000  # once aliases are written out
MAX_DEPTH = 100  # blocks in blocks, once every ref is merged
_MAX_DIGITS = 1000  # Python refuses to read or write whole numbers of more than 4300

_TAG = "tag:yaml.org,2002:"
# The core schema of YAML 1.2: `1e-3` is a number, `on`, `no`, `1:30` and `2024-01-01` are text.
_SCALARS = {
    "null": (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    "bool": (r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    "int": (r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
    "float": (
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        list("-+.0123456789"),
    ),
    "merge": (r"<<", ["<"]),
}


class _Composer(yaml.SafeLoader):
    """Composes nodes only; remembers at which line an alias stands, which PyYAML forgets."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own way

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.alias_lines: dict[tuple[int, int], int] = {}
        self._depth = self._values = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
        self._values += 1
        if self._depth > MAX_DEPTH:
            raise yaml.MarkedYAMLError(problem="blocks are nested too deeply", problem_mark=mark)
        if self._values > 2 * MAX_VALUES:  # keys count as well
            raise yaml.MarkedYAMLError(problem=f"more than {MAX_VALUES:,} values", problem_mark=mark)
        if self.check_event(yaml.AliasEvent):
            self.alias_lines[_slot(parent, index)] = mark.line + 1
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


for _name, (_pattern, _first) in _SCALARS.items():
    _Composer.add_implicit_resolver(_TAG + _name, re.compile(rf"^(?:{_pattern})$"), _first)


def read_yaml(path: Path, findings: Findings) -> Node:
    """Read ``path``; mistakes that leave the rest readable go to ``findings``.

    Raises:
        ConfigError: There is nothing to go on with: no such file, a syntax error, a bomb.
    """
    file = str(path)
    text = _text(path)
    try:
        composer = _Composer(text)
        top = composer.get_single_node()
        if top is None:
            raise _stop(file, 1, "the file is empty")
        return _Builder(file, composer.alias_lines, findings).build(top, (), 1)
    except yaml.reader.ReaderError as error:
        raise _stop(
            file, text.count("\n", 0, error.position) + 1, f"{error.reason} (#x{error.character:04x})"
        ) from None
    except yaml.MarkedYAMLError as error:
        raise _stop(file, *explain(error)) from None


def _text(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise _stop(str(path), None, f"cannot be read: {error.strerror}") from None
    if len(raw) > MAX_BYTES:
        raise _stop(str(path), None, f"the file is larger than {MAX_BYTES:,} bytes")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _stop(str(path), raw.count(b"\n", 0, error.start) + 1, "the file is not UTF-8 text") from None


class _Builder:
    """Turns PyYAML's nodes into ours, writing aliases out."""

    def __init__(self, file: str, alias_lines: dict[tuple[int, int], int], findings: Findings) -> None:
        self._file, self._alias_lines, self._findings = file, alias_lines, findings
        self._values = 0
        self._open: list[int] = []  # the nodes that contain the present one

    def build(self, source: yaml.Node, path: tuple[Key, ...], line: int, alias: int | None = None) -> Node:
        """Build one node; ``alias`` is the line of the alias that it came through, which all below it take."""
        self._values += 1
        if self._values > MAX_VALUES:
            raise _stop(self._file, line, f"more than {MAX_VALUES:,} values once aliases are written out", path)
        if id(source) in self._open:
            raise _stop(self._file, line, "an anchor contains itself", path)
        self._open.append(id(source))
        node = Node(None, self._file, line, path)
        if isinstance(source, yaml.MappingNode):
            node = node.with_entries(self._mapping(source, node, alias))
        elif isinstance(source, yaml.SequenceNode):
            node = Node(self._sequence(source, path, alias), self._file, line, path)
        else:
            node = Node(self._scalar(source, node), self._file, line, path)
        self._open.pop()
        if isinstance(source, yaml.CollectionNode) and source.tag not in (_TAG + "map", _TAG + "seq"):
            self._findings.problem(node, f"tag {_shown(source.tag)!r} is not allowed")
        return node

    def _sequence(self, source: yaml.SequenceNode, path: tuple[Key, ...], alias: int | None) -> list[Node]:
        items = []
        for position, item in enumerate(source.value):
            through = alias or self._alias_lines.get(_slot(source, position))
            line = through or item.start_mark.line + 1
            items.append(self.build(item, (*path, position), line, through))
        return items

    def _mapping(self, source: yaml.MappingNode, node: Node, alias: int | None) -> dict[Key, Node]:
        own: dict[Key, Node] = {}
        merged: dict[Key, Node] = {}
        for key_source, value in source.value:
            line = alias or key_source.start_mark.line + 1
            through = alias or self._alias_lines.get(_slot(source, key_source))
            if key_source.tag == _TAG + "merge":
                merged.update(self._merge(value, node, line))
                continue
            key = self._key(key_source, node, line)
            if key is None:
                continue
            if key in own:
                again = Node(None, self._file, line, (*node.path, key))
                self._findings.problem(again, f"duplicate key {key!r} (first at line {own[key].line})")
            else:
                own[key] = self.build(value, (*node.path, key), line, through)
        return {**merged, **own}

    def _key(self, source: yaml.Node, node: Node, line: int) -> Key | None:
        at = Node(None, self._file, line, node.path)
        key = self._scalar(source, at) if isinstance(source, yaml.ScalarNode) else None
        if isinstance(key, (str, int, float)) and not isinstance(key, bool):
            return key
        self._findings.problem(at, "a key must be text or a number")
        return None

    def _merge(self, source: yaml.Node, node: Node, line: int) -> dict[Key, Node]:
        """``<<``: the keys of other mappings, which stand at its line; the first mapping wins."""
        sources = source.value if isinstance(source, yaml.SequenceNode) else [source]
        merged: dict[Key, Node] = {}
        for each in reversed(sources):
            if isinstance(each, yaml.MappingNode):
                merged.update(self.build(each, node.path, line, line).entries)
            else:
                self._findings.problem(
                    Node(None, self._file, line, node.path), "'<<' takes a block or a list of blocks"
                )
        return merged

    def _scalar(self, source: yaml.Node, node: Node) -> Any:
        tag, text = source.tag.removeprefix(_TAG), source.value
        try:
            if tag == "null":
                return {"null": None, "~": None, "": None}[text.lower()]
            if tag == "bool":
                return {"true": True, "false": False}[text.lower()]
            if tag == "int" and len(text) > _MAX_DIGITS:
                self._findings.problem(
                    node, f"must be a whole number of at most 64 bits, not one of {len(text)} digits"
                )
                return None
            if tag == "int":
                return int(text, {"0x": 16, "0o": 8}.get(text[:2], 10))
            if tag == "float":
                return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
        except (ValueError, KeyError):
            self._findings.problem(node, f"{text[:40]!r} is not of type {tag}")
            return None
        if tag not in ("str", "merge"):
            self._findings.problem(node, f"tag {_shown(source.tag)!r} is not allowed")
        return text


def _slot(parent: Any, index: Any) -> tuple[int, int]:
    """Where in ``parent`` a node stands: a list position, or the key's node."""
    return id(parent), index if isinstance(index, int) else id(index)


def _shown(tag: str) -> str:
    return tag.replace(_TAG, "!!")


def _stop(file: str, line: int | None, text: str, path: tuple[Key, ...] = ()) -> ConfigError:
    return ConfigError([Problem(file, line, ".".join(map(str, path)), text)])
