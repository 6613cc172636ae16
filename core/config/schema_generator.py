"""JSON Schemas of pydantic's making, with the descriptions of our docstrings and as lenient as the yml is."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

Schema = dict[str, Any]

_ENTRY = re.compile(r"(\w+)(?: \([^)]*\))?: (.*)")


def schema_of(model: type[BaseModel], home: str) -> tuple[Schema, Schema]:
    """Return the properties of a model, and the definitions that they refer to.

    Args:
        model: The model.
        home: Put before the definitions' names, so that those of several models do not meet.
    """
    schema = model.model_json_schema(ref_template=f"#/$defs/{home}.{{model}}", schema_generator=_Generator)
    definitions = {f"{home}.{name}": found for name, found in schema.pop("$defs", {}).items()}
    for each in definitions.values():
        _loosen(each, definitions)
    _loosen(schema, definitions)
    return schema.get("properties", {}), definitions


def summary(component: type) -> str:
    """The first line of a class's docstring."""
    return (inspect.getdoc(component) or "").partition("\n")[0]


def descriptions(component: type) -> dict[str, str]:
    """What the docstring of a class, and those of its bases, say of each parameter or attribute."""
    found: dict[str, str] = {}
    for base in reversed(component.__mro__[:-1]):
        for text in (base.__dict__.get("__doc__"), getattr(base.__dict__.get("__init__"), "__doc__", None)):
            found.update(_entries(inspect.cleandoc(text or "")))
    return found


def nullable(schema: Schema) -> Schema:
    """Allow ``~``, which stands for the default."""
    if "const" in schema:
        schema = {**{key: value for key, value in schema.items() if key != "const"}, "enum": [schema["const"]]}
    if "enum" in schema:
        schema = {**schema, "enum": [*schema["enum"], None]}
    if isinstance(kind := schema.get("type"), str):
        return {**schema, "type": [kind, "null"]} if kind != "null" else schema
    if "anyOf" in schema:
        return {**schema, "anyOf": [*(part for part in schema["anyOf"] if part != _NULL), _NULL]}
    if "$ref" in schema:
        rest = {key: value for key, value in schema.items() if key != "$ref"}
        return {"anyOf": [{"$ref": schema["$ref"]}, _NULL], **rest}
    return schema


_NULL = {"type": "null"}


class _Generator(GenerateJsonSchema):
    """Leaves out titles, takes descriptions from docstrings, and lets pass what JSON Schema cannot say."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def emit_warning(self, kind: Any, detail: str) -> None:
        """Defaults that are no JSON are no matter here."""

    def handle_invalid_for_json_schema(self, schema: Any, error_info: str) -> JsonSchemaValue:
        return {}

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        return _with_words(super().model_schema(schema), schema["cls"])

    def dataclass_schema(self, schema: core_schema.DataclassSchema) -> JsonSchemaValue:
        return _with_words(super().dataclass_schema(schema), schema["cls"])


def _with_words(schema: JsonSchemaValue, cls: type) -> JsonSchemaValue:
    schema.pop("title", None)
    schema.pop("description", None)
    if words := summary(cls):
        schema["description"] = words
    said = descriptions(cls)
    for name, each in schema.get("properties", {}).items():
        if name in said:
            each["description"] = said[name]
    return schema


def _entries(text: str) -> Mapping[str, str]:
    """The entries of the ``Args:`` or ``Attributes:`` of a docstring."""
    found: dict[str, str] = {}
    name = ""
    inside = False
    for line in text.splitlines():
        depth = len(line) - len(line.lstrip())
        if line and not depth:
            inside = line in ("Args:", "Attributes:")
        elif inside and depth == 4 and (entry := _ENTRY.fullmatch(line.strip())):
            name = entry[1]
            found[name] = entry[2]
        elif inside and depth > 4 and name:
            found[name] += f" {line.strip()}"
    return found


def _loosen(schema: Any, definitions: Schema) -> None:
    """What a ``ref`` may bring is not required; ``~`` is the default; ``params`` may be written out beside ``type``."""
    if isinstance(schema, list):
        for each in schema:
            _loosen(each, definitions)
    if not isinstance(schema, dict):
        return
    if "oneOf" in schema:
        schema.pop("discriminator", None)
        schema["anyOf"] = schema.pop("oneOf")
    for each in list(schema.values()):
        _loosen(each, definitions)
    if isinstance(properties := schema.get("properties"), dict):
        schema.pop("required", None)
        inner = definitions.get(str(properties.get("params", {}).get("$ref", "")).removeprefix("#/$defs/"), {})
        properties = {**inner.get("properties", {}), **properties}
        schema["properties"] = {key: nullable(each) for key, each in properties.items()} | {"ref": REF}


REF: Schema = {"type": "string", "description": "a block whose keys are taken over: nas.trainer"}
