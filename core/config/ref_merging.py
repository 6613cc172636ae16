"""Merges refs: a block with ``ref: nas.trainer`` takes over the keys of that block, and its own keys win."""

from __future__ import annotations

from functools import cached_property
from typing import NoReturn

from prunekit.core.config.block_validation import shown
from prunekit.core.config.node import Key, Node
from prunekit.core.config.problems import ConfigError, Findings, Problem
from prunekit.core.config.yaml_reader import MAX_DEPTH, MAX_VALUES


def resolve_refs(root: Node, findings: Findings) -> tuple[Node, set[Key]]:
    """Return the tree with every ``ref`` merged, and the top-level blocks that were referred to.

    Raises:
        ConfigError: The merged tree would be too large or too deep, or a chain of refs too long.
    """
    if "ref" in root.entries:
        findings.problem(root.entries["ref"], "a ref stands in the block that it completes, not at the top")
        root = root.without("ref")
    resolver = _Resolver(root, findings)
    return resolver.resolve(root), resolver.used


class _Resolver:
    def __init__(self, root: Node, findings: Findings) -> None:
        self._root, self._findings = root, findings
        self._open: set[tuple[Key, ...]] = set()  # blocks that are being resolved: meeting one again is a cycle
        self._values = self._depth = 0
        self.used: set[Key] = set()

    def resolve(self, node: Node) -> Node:
        """Return the tree below ``node`` with every ref merged."""
        self._values += 1
        self._depth += 1
        if self._values > MAX_VALUES:
            self._stop(node, f"more than {MAX_VALUES:,} values once every ref is merged")
        if self._depth > MAX_DEPTH + 1:
            self._stop(node, f"refs that lead to refs, and blocks in blocks, more than {MAX_DEPTH} deep")
        merged = self._merge(node)
        self._depth -= 1
        return merged

    def _stop(self, node: Node, text: str) -> NoReturn:
        raise ConfigError([*self._findings.problems, Problem(node.file, node.line, node.dotted, text)])

    def _merge(self, node: Node) -> Node:
        if isinstance(node.value, list):
            return Node([self.resolve(item) for item in node.value], node.file, node.line, node.path)
        if not node.entries:
            return node
        self._open.add(node.path)
        own = {key: self.resolve(child) for key, child in node.entries.items() if key != "ref"}
        target = self._target(node.entries["ref"]) if "ref" in node.entries else None
        if target is not None:
            own = _merged(self.resolve(target).entries, own)
        self._open.discard(node.path)
        return node.with_entries(own)

    @cached_property
    def _blocks(self) -> list[str]:
        return [node.dotted for node in self._root.walk() if node.entries and node.path]

    def _target(self, ref: Node) -> Node | None:
        found: Node | None = self._root if isinstance(ref.value, str) and ref.value else None
        for key in str(ref.value).split("."):
            found = found.child(key) if found else None
        if found is None or not isinstance(found.value, dict):
            hint = self._findings.did_you_mean(ref.to_python(), self._blocks)
            self._findings.problem(ref, f"no block {shown(ref)}.{hint}")
            return None
        if found.path in self._open:
            self._findings.problem(ref, f"{ref.value!r} leads back to this block")
            return None
        self.used.add(found.path[0])
        return found


def _merged(base: dict[Key, Node], own: dict[Key, Node]) -> dict[Key, Node]:
    """Merge two blocks. Own keys win; inner blocks are merged in the same way, unless their ``type`` differs."""
    result = dict(base)
    for key, node in own.items():
        other = base.get(key)
        if other and other.entries and node.entries and _same_type(other, node):
            node = node.with_entries(_merged(other.entries, node.entries))
        result[key] = node
    return result


def _same_type(base: Node, own: Node) -> bool:
    mine, theirs = own.child("type"), base.child("type")
    return mine is None or theirs is None or bool(mine.value == theirs.value)
