"""Descriptions of networks on disk: plain JSON from which a (pruned) network is built again."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from prunekit.core.backend import Backend, Network
from prunekit.core.config import plain
from prunekit.core.config.signature import params_model, read_signature
from prunekit.core.graph import ChannelStructure, channel_structure
from prunekit.core.graph.outputs import with_outputs
from prunekit.core.graph.structure import staying
from prunekit.core.json_file import JsonError, UnreadableError, checked, read_json, short
from prunekit.core.pipeline.components import constructing
from prunekit.core.pipeline.description_file import DESCRIPTION
from prunekit.core.pipeline.errors import DescriptionError
from prunekit.core.pipeline.input_spec import arrays_of
from prunekit.core.pipeline.run_folder import write_json
from prunekit.core.pruning.plan import PlanError, PrunePlan
from prunekit.core.weights import load_own
from prunekit.registry import Register, RegisterType, UnknownNameError
from prunekit.registry.errors import one_line

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
        outputs: Paths of the outputs that matter; none means all.
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
    outputs: tuple[str, ...] = ()
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
            "outputs": list(self.outputs),
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
            data = read_json(path)
            if data.get("version") != VERSION:
                version = short(data.get("version", "none"))
                raise DescriptionError(f"{path}: version {version}; this prunekit reads version {VERSION}")
            found = checked(DESCRIPTION, data)
            plan = None if found.plan is None else PrunePlan.from_json(data["plan"])
        except UnreadableError as problem:
            raise DescriptionError(f"{path} {problem}") from problem
        except (JsonError, PlanError) as problem:
            raise DescriptionError(f"{path} is not the description of a network: {problem}") from problem
        params = {key: value for key, value in found.network.items() if key != "type"}
        return cls(
            found.network["type"], params, found.backend, found.inputs, found.weights, plan, tuple(found.ignore),
            tuple(found.frozen), tuple(found.whole_parts), tuple(found.outputs), tuple(found.imports), found.pack,
            found.custom, tuple(found.layers),
        )  # fmt: skip

    def build(self, backend: Backend, folder: Path, seed: int = 0) -> Network:
        """The network with its weights; nothing is unpickled and the original network's weights are not needed.

        Args:
            backend: Its framework.
            folder: Where the weights are.
            seed: Of what the class draws and no weights file holds.

        Raises:
            PrunekitError: The class is not registered (the message names the module to import first), or the weights
                do not fit.
        """
        if Path(self.weights).name != self.weights or Path(self.weights).suffix != ".safetensors":
            raise DescriptionError(f"weights {self.weights!r}: not a .safetensors file beside the description")
        component = self._component()
        with constructing(self.network, DescriptionError):  # the class is its author's code, the description anybody's
            network = backend.build(component, arguments(component, self.params), seed)
            if self.plan is not None:
                operators = backend.record(network, arrays_of(self.inputs), self.leaf_modules)
                operators = with_outputs(operators, self.outputs) if self.outputs else operators
                graph = channel_structure(operators, self.ignore, self.frozen, self.whole_parts)
                network = backend.prune(network, graph, self.plan)
        load_own(backend, network, folder / self.weights)
        return network

    def _component(self) -> type[Any]:
        """The network's class; never another one of the same name."""
        try:
            entry = Register.entry(RegisterType.NETWORK, self.network, self.backend)
        except UnknownNameError as problem:
            raise DescriptionError(f"{problem} {self._advice()}") from problem
        if entry.distribution != self.pack:
            made_by = one_line(self.pack) if self.pack else "a module of the user's own"
            raise DescriptionError(
                f"the network is {one_line(self.network)} of {made_by}, not that of {entry.origin}. {self._advice()}"
            )
        return Register.load(entry)

    def _advice(self) -> str:
        if self.pack is not None:
            return f"Install {one_line(self.pack)}, and import no module that has its name."
        modules = [one_line(name) for name in self.imports] or ["MODULE"]
        calls = "; ".join(f"prunekit.Register.import_module({name!r})" for name in modules)
        return (
            f"First say {calls}, on the command line {' '.join(f'--import {shlex.quote(name)}' for name in modules)}."
        )


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


def layer_rows(graph: ChannelStructure, plan: PrunePlan) -> tuple[dict[str, Any], ...]:
    """Channels before and after for each layer."""
    keep = plan.flags(graph)
    axes = {(axis.parameter, axis.axis): axis.units for axis in graph.axes}
    rows = []
    for layer in graph.numbered:
        units = axes.get((layer.weight, layer.out_axis)) if layer.out_axis is not None else None
        after = layer.out_channels if units is None else int(staying(units, keep).sum())
        rows.append({"mid": layer.mid, "module": layer.name, "channels": layer.out_channels, "kept": after})
    return tuple(rows)


def save_network(
    backend: Backend, folder: Path, number: str, network: Network, description: Description
) -> dict[str, str]:
    """Write ``model_<id>.safetensors`` and ``desc_<id>.json``; return their paths."""
    weights, path = folder / f"model_{number}.safetensors", folder / f"desc_{number}.json"
    backend.save(network, weights)
    write_json(path, replace(description, weights=weights.name).to_json())
    return {"desc_file": str(path), "model_path": str(weights), "weights_file": str(weights)}
