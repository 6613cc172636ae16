"""How the tables of keys put a schema into words, in the languages of the pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True)
class Words:
    """The words of one language.

    Attributes:
        kinds: The types of JSON.
        meanings: What stands in place of the English of docstrings, by the English.
    """

    key: str = "key"
    value: str = "value"
    default: str = "default"
    meaning: str = "meaning"
    reason: str = "reason"
    top: str = "At the top"
    unused: str = "Keys of vega's that have no effect"
    unused_about: str = "They are accepted, told once and ignored."
    kinds: Mapping[str, str] = field(default_factory=dict)
    meanings: Mapping[str, str] = field(default_factory=dict)

    def about(self, english: str) -> str:
        """What is said of a key or a component, on one line; in English where nobody has said it in this language."""
        english = one_line(english)
        return self.meanings.get(english, english)

    def in_cell(self, english: str) -> str:
        """The same as it stands in a cell of a table."""
        return self.about(english).replace("|", "\\|")

    def kind(self, name: str) -> str:
        """The word for a type of JSON's."""
        return self.kinds.get(name, name)


ENGLISH = Words(
    kinds={
        "integer": "whole number", "boolean": "True or False", "string": "text", "array": "list", "object": "block",
    },
)  # fmt: skip


def read_words(path: Path) -> Words:
    """The words of a language, from a yml whose keys are the attributes of `Words`."""
    return Words(**yaml.safe_load(path.read_text(encoding="utf-8")))


def values(schema: Mapping[str, Any], words: Words) -> str:
    """What may stand at a key."""
    return _joined(_values(schema, words)).replace("|", "\\|")


def default(schema: Mapping[str, Any]) -> str:
    """What holds where the key is left out, as a yml writes it; of a component its name."""
    if schema.get("default") is None:
        return ""
    value = schema["default"]
    if isinstance(value, Mapping) and value and "type" not in value:
        return ""  # a block's, which stands beside each of its keys
    return f"`{_yml(value['type'] if isinstance(value, Mapping) and value else value)}`"


def one_line(text: str) -> str:
    """The text of a docstring as Markdown."""
    text = " ".join(text.replace("``", "`").split())
    return text[:1].upper() + text[1:]


def _values(schema: Mapping[str, Any], words: Words) -> list[str]:
    if "enum" in schema:
        names = [f"`{_yml(each)}`" for each in schema["enum"] if each is not None]
        return [f"{words.kind('array')}: {', '.join(names)}"] if schema.get("list") else names
    if "const" in schema:
        return [f"`{_yml(schema['const'])}`"]
    if "pattern" in schema:
        return [f"`{schema['pattern'].lstrip('^').rstrip('.')}NAME`"]
    if "anyOf" in schema:
        found: list[str] = []
        for each in schema["anyOf"]:
            found += [word for word in _values(each, words) if word not in found]
        return found
    if "$ref" in schema:
        return [words.kind("object")]
    kinds = schema.get("type", [])
    return [_kind(each, schema, words) for each in ([kinds] if isinstance(kinds, str) else kinds) if each != "null"]


def _kind(kind: str, schema: Mapping[str, Any], words: Words) -> str:
    if kind in ("integer", "number"):
        return f"{words.kind(kind)}{_range(schema)}"
    if kind == "array" and "prefixItems" in schema:
        return f"[{_joined([_joined(_values(each, words)) for each in schema['prefixItems']])}]"
    if kind == "array" and "items" in schema and isinstance(schema["items"], Mapping):
        inside = _joined(_values(schema["items"], words))
        return f"{words.kind('array')}: {inside}" if inside else words.kind(kind)
    if kind == "string" and schema.get("format") == "path":
        return words.kind("path")
    return words.kind(kind)


def _range(schema: Mapping[str, Any]) -> str:
    signs = (("exclusiveMinimum", "> "), ("minimum", "≥ "), ("exclusiveMaximum", "< "), ("maximum", "≤ "))
    found = [f"{sign}{schema[name]:g}" for name, sign in signs if name in schema]
    return f" {', '.join(found)}" if found else ""


def _joined(words: list[str]) -> str:
    return ", ".join(words)


def _yml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_yml(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_yml, value)) + "]"
    return "~" if value is None else str(value)
