"""The keys of the yml as tables, read from the JSON Schema that ``prunekit schema`` prints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Schema = Mapping[str, Any]
_SPLITS = (
    "Parameters of the splits: `common` goes before `train`, and both before the split's own. `train` is trained on; "
    "`val`, held out of the training images, is what the search evaluates on; `test` serves the final figures."
)
_WHICH = "Which of them; a pack can bring more."
_COSTS = (
    "How costs are measured, by their names, `{latency: {batch_size: 1, threads: 2}}`; in the search where the reward "
    "looks at them, and in the run's summary, which shows each that is named here."
)
_SAID = {"common": _SPLITS, "type": _WHICH, "costs": _COSTS}  # of keys of which the schema says nothing
_LEFT_OUT = ("ref", "params")  # of every block: the page's text tells of them


@dataclass
class Table:
    """The keys of one block, or of one component.

    Attributes:
        path: Where it stands in a step: ``search_algorithm.agent``.
        abouts: What each component is, by its name, those with the same keys together; empty for a block without type.
        rows: Keys, values, default and meaning of each.
    """

    path: str
    abouts: dict[str, str] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)


@dataclass
class Row:
    """One key, or several with the same block inside.

    Attributes:
        keys: As the table shows them, from its block on.
        schema: What may stand there.
        about: What it means.
    """

    keys: tuple[str, ...]
    schema: Schema
    about: str


def tables(schema: Schema) -> list[Table]:
    """Every block of a yml in the order of the schema, each before the components that it can name."""
    reader = _Reader(schema["$defs"])
    pipeline = schema["properties"]["pipeline"]
    top = Table("", rows=[Row(("pipeline",), pipeline, pipeline["description"])])
    found = [top, *reader.block("general", schema["properties"]["general"])]
    for key, inside in schema["additionalProperties"]["properties"].items():
        if key not in _LEFT_OUT and not inside.get("deprecated"):
            found += reader.block(key, inside)
    return found


def unused(schema: Schema) -> dict[str, str]:
    """The keys that are accepted and have no effect, by their paths, with the reason."""
    reader = _Reader(schema["$defs"])
    blocks = {"general": schema["properties"]["general"], "": schema["additionalProperties"]}
    return dict(pair for path, block in blocks.items() for pair in reader.deprecated(path, block))


class _Reader:
    """Follows the schema's references; each component's keys become a table of their own."""

    def __init__(self, definitions: Schema) -> None:
        self._definitions = definitions

    def block(self, path: str, schema: Schema) -> list[Table]:
        table = Table(path)
        found = [table]
        if forms := self._forms(schema):
            found += self._components(path, "", schema, forms, table)
        else:
            for block in self._objects(schema):
                found += self._keys(path, "", block, table)
        return [each for each in found if each.rows or each.abouts]

    def deprecated(self, path: str, schema: Schema) -> Iterator[tuple[str, str]]:
        for block in [block for _, block in self._forms(schema)] or self._objects(schema):
            for key, each in block["properties"].items():
                if isinstance(each, Mapping) and each.get("deprecated"):
                    yield f"{path}.{key}".lstrip("."), each["description"].removeprefix("not used: ")
            for keys, each in _grouped(block["properties"]):
                yield from self.deprecated((path if len(keys) > 1 else f"{path}.{keys[0]}").lstrip("."), each)

    def _keys(self, path: str, before: str, block: Schema, table: Table) -> list[Table]:
        """Add the block's keys to the table; return the tables of the components among them."""
        found = []
        for keys, schema in _grouped(block["properties"]):
            inside = f"{path}.{keys[0]}" if len(keys) == 1 else path
            shown = tuple(f"{before}{key}" for key in keys)
            objects = self._objects(schema)
            about = _about(schema, objects)
            if forms := self._forms(schema):
                found += self._components(inside, f"{shown[0]}.", schema, forms, table)
            elif forms := _typed(objects):
                row = {**schema, "enum": [name for name, _ in forms], "list": "items" in str(schema)}
                table.rows.append(Row((f"{shown[0]}.type",), row, about))
                for name, form in forms:
                    each = Table(inside, {name: form.get("description", "")})
                    found += [each, *self._keys(inside, "", form, each)]
            else:
                about = about or _SAID.get(keys[0], "")
                if about or not objects or len(keys) > 1:
                    table.rows.append(Row(shown, schema, about))
                for block in objects:
                    found += self._keys(inside, f"{shown[0]}." if len(keys) == 1 else before, block, table)
        return found

    def _components(
        self, path: str, before: str, schema: Schema, forms: list[tuple[str, Schema]], table: Table
    ) -> list[Table]:
        """Add ``type`` and what all components take to the table; return a table for the rest of each."""
        named = _by_type(schema)["properties"]["type"]
        table.rows.append(Row((f"{before}type",), named, schema.get("description") or _WHICH))
        common = _common([form for _, form in forms])
        found = self._keys(path, before, {"properties": common}, table)
        for name, form in forms:
            own = {key: each for key, each in form["properties"].items() if key not in common}
            each = Table(path, {name: form.get("description", "")})
            inside = self._keys(path, "", {"properties": own}, each)
            twin = next((other for other in found if other.path == path and other.rows == each.rows), None)
            if twin is None:
                found += [each, *inside]
            else:
                twin.abouts |= each.abouts
        return found

    def _forms(self, schema: Schema) -> list[tuple[str, Schema]]:
        """Of a block whose ``type`` says what else it has: each name with its block."""
        references = [rule["then"]["$ref"] for rule in _by_type(schema).get("allOf", ()) if _is_of_a_type(rule)]
        return [(each.partition(".")[2], self._resolved({"$ref": each})) for each in references]

    def _objects(self, schema: Any) -> list[Schema]:
        """The blocks with keys of their own among the alternatives, those of a list's items too."""
        schema = self._resolved(schema)
        if "properties" in schema:
            return [schema]
        alternatives = [*schema.get("anyOf", ()), *([schema["items"]] if isinstance(schema.get("items"), dict) else ())]
        found: list[Schema] = []
        for each in alternatives:
            found += [block for block in self._objects(each) if block not in found]
        return found

    def _resolved(self, schema: Any) -> Schema:
        if not isinstance(schema, Mapping):
            return {}
        if "$ref" not in schema:
            return schema
        return {**self._definitions[schema["$ref"].removeprefix("#/$defs/")], **_without_reference(schema)}


def _by_type(schema: Schema) -> Schema:
    """The schema itself, or of its alternatives the one, in which ``type`` says what else there is; {} without one."""
    alternatives = (schema, *schema.get("anyOf", ()))
    return next((each for each in alternatives if any(map(_is_of_a_type, each.get("allOf", ())))), {})


def _is_of_a_type(rule: Schema) -> bool:
    return "type" in rule.get("if", {}).get("properties", {})


def _without_reference(schema: Schema) -> Schema:
    return {key: value for key, value in schema.items() if key != "$ref"}


def _grouped(properties: Schema) -> list[tuple[list[str], Schema]]:
    """The keys that the tables show; those with the same block inside (the splits of a dataset) stand together."""
    found: list[tuple[list[str], Schema]] = []
    for key, schema in properties.items():
        if not isinstance(schema, Mapping) or key in _LEFT_OUT or schema.get("deprecated"):
            continue
        if key == "type" and len(_names(schema)) == 1:  # it stands in the heading
            continue
        twin = next((keys for keys, other in found if other == schema and "$ref" in str(schema)), None)
        if twin is not None:
            twin.append(key)
        else:
            found.append(([key], schema))
    return found


def _typed(objects: list[Schema]) -> list[tuple[str, Schema]]:
    """Alternatives that each carry a ``type`` of their own: its name with the block."""
    found = []
    for each in objects:
        names = _names(each["properties"].get("type", {}))
        if len(names) != 1:
            return []
        found.append((names[0], each))
    return found


def _names(schema: Schema) -> list[str]:
    return [name for name in schema.get("enum", ()) if name is not None]


def _about(schema: Schema, objects: list[Schema]) -> str:
    """What is said of a key, or of the block that stands there where the key's own words only name its class."""
    said = str(schema.get("description", ""))
    if said and not said.startswith("See "):
        return said
    others = [*schema.get("anyOf", ()), *objects]
    return next((str(each["description"]) for each in others if "description" in each), "")


def _common(blocks: list[Schema]) -> dict[str, Schema]:
    """What all of several components take alike; nothing where there is but one."""
    first, *others = [each["properties"] for each in blocks]
    return {key: each for key, each in first.items() if others and all(other.get(key) == each for other in others)}
