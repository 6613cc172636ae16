"""The JSON Schema (draft 2020-12) of a yml, made of the sections' models and of every registered constructor.

It is for editors: they complete keys and mark misspelt ones. Nothing is required but the pipeline, because a ``ref``
may bring it; ``prunekit check`` says what is missing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from prunekit.core.config.annotation_keys import named_kind
from prunekit.core.config.component_reader import INJECTED, component_kind, is_plain
from prunekit.core.config.config_classes import LoaderOptions, ModelDesc, ModelFiles, PruningOptions
from prunekit.core.config.dump import plain
from prunekit.core.config.example_inputs import ExampleOptions
from prunekit.core.config.general import GeneralOptions, TaskConfig
from prunekit.core.config.objective_reader import GUIDE, SHORT_COSTS, ObjectiveOptions
from prunekit.core.config.schema_generator import REF, Schema, descriptions, nullable, schema_of, summary
from prunekit.core.config.section_reader import SPLITS
from prunekit.core.config.signature import Signature, params_model, read_signature
from prunekit.core.config.step_sections import MODELS_FOLDER, StepSections
from prunekit.core.config.unsupported_vega_keys import IGNORED
from prunekit.core.cost.estimators import is_measured
from prunekit.core.search.settings import SearchSettings
from prunekit.registry import FRAMEWORKS, Entry, Register, RegisterType, RegistryError, describing


def yml_schema() -> tuple[Schema, list[str]]:
    """Return the schema, and a line for each component that cannot be imported and is left out."""
    composer = _Composer()
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "prunekit",
        "type": "object",
        "required": ["pipeline"],
        "properties": {
            "general": composer.general(),
            "pipeline": {
                "type": "array", "items": {"type": "string"}, "minItems": 1,
                "description": "names of the steps, in the order in which they run",
            },
        },
        "additionalProperties": composer.step(),
        "$defs": composer.definitions,
    }  # fmt: skip
    return schema, composer.skipped


@dataclass(frozen=True)
class _Takes:
    """What a component's constructor takes: its parameters, whether more than those, and what the component is."""

    properties: Schema
    opened: bool
    words: str


class _Composer:
    def __init__(self) -> None:
        self.definitions: Schema = {}
        self.skipped: list[str] = []
        self._sections: Schema = {}  # of pipe steps, beside the built-in ones

    def general(self) -> Schema:
        properties = {**self._of(GeneralOptions, "general"), "task": _block(self._of(TaskConfig, "task"), "task")}
        properties["backend"] = {**properties["backend"], "enum": [*_names(RegisterType.BACKEND), None]}
        properties["executor"] = nullable(self._component(RegisterType.EXECUTOR))
        return nullable(_block(properties, "general"))

    def step(self) -> Schema:
        folder: Schema = {"type": ["string", "null"], "description": "the networks of another step"}
        desc = {
            **self._of(ModelDesc, "model_desc"),
            "backbone": self._component(RegisterType.NETWORK),
        }
        pruning = {
            **self._of(PruningOptions, "pruning"),
            "importance": nullable(self._component(RegisterType.IMPORTANCE)),
        }
        properties = {
            "pipe_step": self._component(RegisterType.PIPE_STEP, {MODELS_FOLDER: folder}),
            "model": _block({**self._of(ModelFiles, "model"), "model_desc": _block(desc)}),
            "dataset": self._dataset(),
            "search_algorithm": self._component(RegisterType.SEARCH_ALGORITHM, self._search()),
            "trainer": self._component(RegisterType.TRAINER, self._of(ExampleOptions, "example")),
            "pruning": nullable(_block(pruning)),
        }
        self._add_guide_keys()
        return _block({**properties, **self._sections}, "step")

    def _add_guide_keys(self) -> None:
        """The guide's keys of the reward that stand in a block of the algorithm's own."""
        for outer, key in (path for path in GUIDE if len(path) > 1):
            for form in [self.definitions[name] for name in self.definitions if name.startswith("search_algorithm.")]:
                for part in form.get("properties", {}).get(outer, {}).get("anyOf", ()):
                    inner = self.definitions.get(part.get("$ref", "").removeprefix("#/$defs/"), {})
                    words = f"the same as reward.{GUIDE[outer, key]}"
                    inner.get("properties", {})[key] = {"type": ["number", "null"], "description": words}

    def _search(self) -> Schema:
        """What every algorithm takes; the names and blocks that pydantic's schema cannot know are put in."""
        properties = {**self._of(SearchSettings, "search_algorithm"), **self._of(ObjectiveOptions, "search_algorithm")}
        metric = {"enum": [*_names(RegisterType.METRIC), None]}
        said = properties["objective_keys"].get("description", "")
        properties["objective_keys"] = {"anyOf": [metric, {"type": "array", "items": metric}]}
        properties["objective_keys"]["description"] = said
        said = properties["reward_type"].get("description", "")
        properties["reward_type"] = {"enum": [*_names(RegisterType.REWARD), None], "description": said}
        properties["reward"] = nullable(self._component(RegisterType.REWARD))
        measured = self._constructors(RegisterType.COST_ESTIMATOR, is_measured)  # of a price there is nothing to set
        costs = {
            name: nullable(_block(takes.properties, opened=takes.opened, words=takes.words))
            for name, takes in measured.items()
        }
        properties["costs"] = nullable(_block(costs))
        properties |= {name: costs[name] for name in SHORT_COSTS if name in costs}
        return {**properties, **self._of(ExampleOptions, "example")}

    def _component(self, kind: RegisterType, shared: Schema | None = None) -> Schema:
        """A block with a ``type``: whichever it is says which other keys there are."""
        forms: dict[str, Schema] = {}
        for name, takes in self._constructors(kind).items():
            beside = {"params": _block(takes.properties, opened=takes.opened), **takes.properties, **(shared or {})}
            forms[name] = _block({"type": True, **beside}, kind.value, opened=takes.opened, words=takes.words)
        return self._by_type(kind, forms)

    def _dataset(self) -> Schema:
        forms: dict[str, Schema] = {}
        loading = self._of(LoaderOptions, "dataset")
        for name, takes in self._constructors(RegisterType.DATASET).items():
            split = f"dataset.{name}.split"
            self.definitions[split] = _block({**takes.properties, **loading}, "dataset", opened=takes.opened)
            parts = dict.fromkeys(("common", *SPLITS), nullable({"$ref": f"#/$defs/{split}"}))
            forms[name] = _block({"type": True, **parts}, "dataset", words=takes.words)
        return self._by_type(RegisterType.DATASET, forms)

    def _by_type(self, kind: RegisterType, forms: dict[str, Schema]) -> Schema:
        """One form for each name; a block without ``type``, which a ``ref`` completes, may have the keys of any."""
        rules = []
        for name, form in forms.items():
            self.definitions[f"{kind.value}.{name}"] = form
            names = next(list(entry.names) for entry in Register.entries(kind) if entry.name == name)
            condition = {"required": ["type"], "properties": {"type": {"enum": names}}}
            rules.append({"if": condition, "then": {"$ref": f"#/$defs/{kind.value}.{name}"}})
        keys = {key: True for form in forms.values() for key in form["properties"]}
        opened = any(form["additionalProperties"] for form in forms.values())
        self.definitions[kind.value] = _block(keys, opened=opened)
        rules.append({"if": {"not": {"required": ["type"]}}, "then": {"$ref": f"#/$defs/{kind.value}"}})
        return {"type": "object", "properties": {"type": _type(kind), "ref": REF}, "allOf": rules}

    def _constructors(
        self, kind: RegisterType, wanted: Callable[[type], bool] = lambda component: True
    ) -> dict[str, _Takes]:
        """What each wanted component takes, by name; those that several backends have are put together."""
        found: dict[str, _Takes] = {}
        for entry in [each for each in Register.entries(kind) if not each.open]:
            other = found.get(entry.name, _Takes({}, False, ""))
            try:
                component = Register.load(entry)
                if not wanted(component):
                    continue
                with describing(entry):
                    found[entry.name] = self._takes(component, entry, other)
            except RegistryError as problem:
                if getattr(problem, "missing", None) not in FRAMEWORKS:  # no yml here can name what is another's
                    self.skipped.append(str(problem))
        return found

    def _takes(self, component: type, entry: Entry, other: _Takes) -> _Takes:
        signature = read_signature(component, INJECTED.get(entry.type, frozenset()))
        properties = {**other.properties, **self._parameters(component, signature, entry)}
        for name in StepSections.of(component).own if entry.type is RegisterType.PIPE_STEP else ():
            section = properties.pop(name, True)  # ``**kwargs`` takes anything
            same = self._sections.get(name, section)  # two steps may have a section of one name
            self._sections[name] = section if same == section else {"anyOf": [same, section]}
        return _Takes(properties, other.opened or signature.catch_all is not None, summary(component))

    def _parameters(self, component: type, signature: Signature, entry: Entry) -> Schema:
        home = ".".join(filter(None, (entry.type.value, entry.name, entry.backend)))
        blocks = {name: kind for name, each in signature.annotations.items() if (kind := component_kind(each))}
        properties = self._of(params_model(signature.without(blocks)), home)
        for name, kind in blocks.items():
            properties[name] = {"type": ["object", "null"], "properties": {"type": _type(kind), "ref": REF}}
        said = descriptions(component)
        for name, schema in properties.items():
            schema.pop("default", None)
            value = signature.defaults.get(name)
            if value is not None and is_plain(value):
                schema["default"] = plain(value)
            if name in said:
                schema["description"] = said[name]
            if (named := named_kind(signature.annotations.get(name))) is not None:
                schema["enum"] = [*_names(named), None]
        return properties

    def _of(self, model: type[BaseModel], home: str) -> Schema:
        properties, definitions = schema_of(model, home)
        self.definitions.update(definitions)
        return {key: schema for key, schema in properties.items() if key != "ref"}


def _block(properties: Schema, section: str = "", *, opened: bool = False, words: str = "") -> Schema:
    """A mapping with these keys, and with the keys of vega's that have no effect in this section."""
    unused: dict[str, Any] = {
        key: {"deprecated": True, "description": f"not used: {reason}"}
        for key, reason in IGNORED.get(section, {}).items()
        if key not in properties
    }
    described = {"description": words} if words else {}
    return {
        "type": "object", **described, "properties": {**properties, "ref": REF, **unused},
        "additionalProperties": opened,
    }  # fmt: skip


def _type(kind: RegisterType) -> Schema:
    """What stands at ``type``: one of the names, or that of a zoo and of any of its models."""
    names = {"enum": [name for name in _names(kind) if not name.endswith(":")]}
    zoos = [{"pattern": f"^{re.escape(name)}."} for name in _names(kind) if name.endswith(":")]
    return {"anyOf": [names, *zoos]} if zoos else names


def _names(kind: RegisterType) -> list[str]:
    return sorted({name for entry in Register.entries(kind) for name in entry.names})
