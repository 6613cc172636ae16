"""What is needed to build a (pruned) network again: names, a plan, and where its weights lie. Plain JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from prunekit.core.backend import Backend, Network
from prunekit.core.config import plain
from prunekit.core.config.signature import params_model, read_signature
from prunekit.core.data.contract import Inputs
from prunekit.core.data.example_inputs import InputSpec
from prunekit.core.graph import ChannelStructure, channel_structure
from prunekit.core.graph.structure import staying
from prunekit.core.pipeline.errors import DescriptionError
from prunekit.core.pruning.plan import PrunePlan
from prunekit.core.weights import load_own
from prunekit.registry import PrunekitError, Register, RegisterType, UnknownNameError

VERSION = 1


@dataclass(frozen=True)
class Description:
    """A network on disk.

    Attributes:
        network: Registered name of its class.
        params: What the class is constructed with, as JSON values; its defaults are written out.
        backend: Registered name of its backend.
        inputs: Shapes and types of what it is called with, see ``spec_of``.
        weights: Name of the safetensors file with its weights, beside the description.
        plan: What stays of the network as the class makes it; None if nothing was pruned.
        ignore: Modules whose outputs were kept.
        frozen: Layers that were protected, and why, beyond what the structure says.
        whole_parts: Where whole parts of an axis go, not positions within every part.
        leaf_modules: For names of module classes what such a module is as a whole, as ``parse`` took it.
        imports: Modules of the user's that register the network or what it needs.
        pack: The distribution that brings the class; None for a module of the user's own.
        layers: For people: mid, module, channels before and after.
    """

    network: str
    params: Mapping[str, Any]
    backend: str
    inputs: Any
    weights: str
    plan: PrunePlan | None = None
    ignore: tuple[str, ...] = ()
    frozen: tuple[tuple[int, str], ...] = ()
    whole_parts: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    pack: str | None = None
    leaf_modules: Mapping[str, str] = field(default_factory=dict)
    layers: tuple[Mapping[str, Any], ...] = field(default=(), compare=False)

    def to_json(self) -> dict[str, Any]:
        """The description as plain JSON values."""
        return {
            "version": VERSION,
            "network": {"type": self.network, **self.params},
            "backend": self.backend,
            "inputs": self.inputs,
            "weights": self.weights,
            "layers": list(self.layers),
            "plan": None if self.plan is None else self.plan.to_json(),
            "ignore": list(self.ignore),
            "frozen": [list(pair) for pair in self.frozen],
            "whole_parts": list(self.whole_parts),
            "custom": dict(self.leaf_modules),
            "imports": list(self.imports),
            "pack": self.pack,
        }

    @classmethod
    def read(cls, path: Path) -> Description:
        """The description in a file.

        Raises:
            DescriptionError: There is no such file, or it holds something else.
        """
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            if data["version"] != VERSION:
                raise DescriptionError(f"{path}: version {data['version']}; this prunekit reads version {VERSION}")
            params = dict(data["network"])
            return cls(
                str(params.pop("type")), params, str(data["backend"]), data["inputs"], str(data["weights"]),
                None if data["plan"] is None else PrunePlan.from_json(data["plan"]),
                tuple(data["ignore"]), tuple((int(mid), str(why)) for mid, why in data["frozen"]),
                tuple(str(name) for name in data.get("whole_parts", ())), tuple(data["imports"]), data["pack"],
                {str(name): str(kind) for name, kind in data.get("custom", {}).items()}, tuple(data["layers"]),
            )  # fmt: skip
        except OSError as problem:
            raise DescriptionError(f"{path} cannot be read: {problem.strerror}") from problem
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError, PrunekitError) as problem:
            if isinstance(problem, DescriptionError):
                raise
            raise DescriptionError(f"{path} is not the description of a network: {problem!r}") from problem

    def build(self, backend: Backend, folder: Path) -> Network:
        """The network with its weights; nothing is unpickled and the original network's weights are not needed.

        Raises:
            PrunekitError: The class is not registered (the message names the module to import first), or the weights
                do not fit.
        """
        if Path(self.weights).name != self.weights or Path(self.weights).suffix != ".safetensors":
            raise DescriptionError(f"weights {self.weights!r}: not a .safetensors file beside the description")
        component = self._component()
        try:
            network = backend.build(component, arguments(component, self.params), seed=0)
            if self.plan is not None:
                operators = backend.record(network, example(self.inputs), self.leaf_modules)
                graph = channel_structure(operators, self.ignore, self.frozen, self.whole_parts)
                network = backend.prune(network, graph, self.plan)
        except PrunekitError:
            raise
        except Exception as problem:  # the class is its author's code, the description anybody's
            raise DescriptionError(f"{self.network} cannot be made: {type(problem).__name__}: {problem}") from problem
        load_own(backend, network, folder / self.weights)
        return network

    def _component(self) -> type[Any]:
        """The network's class; never another one of the same name."""
        try:
            entry = Register.entry(RegisterType.NETWORK, self.network, self.backend)
        except UnknownNameError as problem:
            raise DescriptionError(f"{problem} {self._advice()}") from problem
        if entry.distribution != self.pack:
            made_by = self.pack or "a module of the user's own"
            raise DescriptionError(
                f"the network is {self.network} of {made_by}, not that of {entry.origin}. {self._advice()}"
            )
        return Register.load(entry)

    def _advice(self) -> str:
        if self.pack is not None:
            return f"Install {self.pack}, and import no module that has its name."
        modules = self.imports or ("MODULE",)
        calls = "; ".join(f"prunekit.Register.import_module({name!r})" for name in modules)
        return f"First say {calls}, on the command line {' '.join(f'--import {name}' for name in modules)}."


def arguments(component: type[Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """JSON values as a constructor's annotations want them: a list as a tuple, a text as a path, and so on.

    Raises:
        DescriptionError: A value does not fit its annotation.
    """
    signature = read_signature(component, frozenset())
    defaults = {name: plain(value) for name, value in signature.defaults.items()}
    given = {name: value for name, value in params.items() if name not in defaults or defaults[name] != value}
    known = {name: value for name, value in given.items() if name in signature.annotations}
    model = params_model(signature)
    required = {field.alias for field in model.model_fields.values() if field.is_required()}
    if missing := sorted(str(name) for name in required - known.keys()):
        raise DescriptionError(f"{signature.component} needs {', '.join(missing)}")
    try:
        found = model.model_validate(known)
    except ValidationError as problem:
        told = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in problem.errors())
        raise DescriptionError(f"{signature.component} cannot be made of what is given: {told}") from problem
    values = {str(field.alias): getattr(found, name) for name, field in model.model_fields.items()}
    return {**given, **{name: values[name] for name in known}}


def spec_of(inputs: Inputs) -> Any:
    """Shapes and types of a network's inputs as JSON values; the inverse of ``example`` but for the numbers.

    Whole numbers and truth values have their bounds as well: they may be indices, or sizes.
    """
    if isinstance(inputs, Mapping):
        return {"dict": {key: spec_of(value) for key, value in inputs.items()}}
    if isinstance(inputs, (list, tuple)):
        return {"list" if isinstance(inputs, list) else "tuple": [spec_of(value) for value in inputs]}
    spec = {"shape": list(inputs.shape), "dtype": str(inputs.dtype)}
    if inputs.dtype.kind not in "iub" or not inputs.size:
        return spec
    return {**spec, "low": int(inputs.min()), "high": int(inputs.max()) + 1}


def example(spec: Any, samples: int = 1) -> Inputs:
    """Inputs of the given shapes and types: seeded numbers, ``samples`` times as many samples as described.

    Raises:
        DescriptionError: ``spec`` is not what ``spec_of`` returns.
    """
    try:
        return _example(spec, np.random.default_rng(0), samples, next(_sizes(spec), None))
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        reason = problem.errors()[0]["msg"] if isinstance(problem, ValidationError) else problem
        raise DescriptionError(f"{spec!r} does not describe the inputs of a network: {reason}") from problem


def _example(spec: Any, rng: np.random.Generator, samples: int, lead: int | None) -> Inputs:
    """``lead`` samples are described; whatever has so many along its first axis gets ``samples`` times as many."""
    if "dict" in spec:
        return {key: _example(value, rng, samples, lead) for key, value in spec["dict"].items()}
    if "tuple" in spec:
        return tuple(_example(value, rng, samples, lead) for value in spec["tuple"])
    if "list" in spec:
        times = samples if len(spec["list"]) == lead else 1
        return [_example(value, rng, 1, None) for _ in range(times) for value in spec["list"]]
    shape = list(spec["shape"])
    if shape and shape[0] == lead:
        shape[0] *= samples
    return InputSpec.model_validate({"low": 0, "high": 1, **spec, "shape": shape}).array(rng)


def _sizes(spec: Any) -> Iterator[int]:
    """The first axes of what is described, in their order; of a list its length."""
    if "dict" in spec or "tuple" in spec:
        for value in spec["dict"].values() if "dict" in spec else spec["tuple"]:
            yield from _sizes(value)
    elif "list" in spec:
        yield len(spec["list"])
    elif spec["shape"]:
        yield spec["shape"][0]


def layer_rows(graph: ChannelStructure, plan: PrunePlan) -> tuple[dict[str, Any], ...]:
    """Channels before and after for each layer."""
    keep = plan.flags(graph)
    axes = {(axis.parameter, axis.axis): axis.units for axis in graph.axes}
    rows = []
    for layer in graph.layers:
        units = axes.get((layer.weight, layer.out_axis)) if layer.out_axis is not None else None
        after = layer.out_channels if units is None else int(staying(units, keep).sum())
        rows.append({"mid": layer.mid, "module": layer.name, "channels": layer.out_channels, "kept": after})
    return tuple(rows)
