"""A component's parameters as its constructor declares them, as a pydantic model."""

from __future__ import annotations

import inspect
import sys
import types
import typing
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, create_model

# "forbid" reaches the plain dataclasses among the annotations: without it they would ignore unknown keys.
_STRICT = ConfigDict(extra="forbid", arbitrary_types_allowed=True)
_VARIABLE = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


@dataclass(frozen=True)
class Signature:
    """What a yml may give to a component.

    Attributes:
        component: The class's name.
        annotations: Annotation of each parameter; Any where there is none (then it is not checked).
        defaults: Defaults of the parameters that have one.
        catch_all: Name of the ``**kwargs`` of the constructor, or None.
        unchecked: Parameters whose annotation says nothing, with the reason.
    """

    component: str
    annotations: dict[str, Any]
    defaults: dict[str, Any]
    catch_all: str | None
    unchecked: dict[str, str] = field(default_factory=dict)

    def without(self, names: Iterable[str]) -> Signature:
        """The same but for some parameters."""
        left_out = set(names)
        return replace(self, annotations={k: v for k, v in self.annotations.items() if k not in left_out})


def constructor_parameters(component: type) -> list[inspect.Parameter] | None:
    """The parameters of a class's constructor; None where it is written in C and does not say."""
    if getattr(_init(component), "__module__", None) == "typing":
        return []  # a Protocol's stand-in says *args and **kwargs, and takes nothing
    try:
        return [*inspect.signature(component).parameters.values()]
    except (ValueError, TypeError):
        return None


def read_signature(component: type, injected: frozenset[str]) -> Signature:
    """Read the constructor of ``component``; parameters that the framework injects are left out."""
    parameters = constructor_parameters(component)
    if parameters is None:
        return Signature(component.__name__, {}, {}, "kwargs")
    annotations: dict[str, Any] = {}
    unchecked = {}
    for parameter in parameters:
        if parameter.kind in _VARIABLE or parameter.kind is parameter.POSITIONAL_ONLY or parameter.name in injected:
            continue
        try:
            annotations[parameter.name] = _checkable(parameter.annotation, component)
        except Exception:  # a text that is evaluated, or a type that pydantic knows nothing of
            annotations[parameter.name] = Any
            unchecked[parameter.name] = "its annotation cannot be read"
        if parameter.annotation is parameter.empty:
            unchecked[parameter.name] = "no annotation"
    given = {each.name: each.default for each in parameters if each.default is not each.empty}
    defaults = {name: given[name] for name in annotations if name in given}
    catch_all = next((each.name for each in parameters if each.kind is each.VAR_KEYWORD), None)
    return Signature(component.__name__, annotations, defaults, catch_all, unchecked)


def params_model(signature: Signature) -> type[BaseModel]:
    """Make the model; its fields are aliased, because a parameter may be called ``copy`` or ``model_config``."""
    fields: dict[str, Any] = {}
    for number, (name, annotation) in enumerate(signature.annotations.items()):
        default = None if name in signature.defaults else ...
        fields[f"p{number}"] = (annotation, Field(default, alias=name))
    return create_model(signature.component, __config__=_STRICT, **fields)


def has_path(annotation: Any) -> bool:
    """Whether a value of this annotation can be a ``pathlib.Path``."""
    return annotation is Path or any(has_path(part) for part in typing.get_args(annotation))


def _checkable(annotation: Any, component: type) -> Any:
    """Resolve an annotation; raises where that fails or pydantic can make nothing of it."""
    if annotation is inspect.Parameter.empty:
        return Any
    function = inspect.unwrap(_init(component))
    namespace = getattr(function, "__globals__", vars(sys.modules[component.__module__]))  # it may be inherited
    holder = types.SimpleNamespace(__annotations__={"it": annotation})
    found = typing.get_type_hints(holder, globalns=namespace, include_extras=True)["it"]
    create_model("Probe", __config__=_STRICT, it=(found, ...))
    return found


def _init(component: type) -> Any:
    return getattr(component, "__init__")  # noqa: B009 - mypy forbids the plain access
