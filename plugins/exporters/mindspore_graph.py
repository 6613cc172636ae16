"""A MindSpore network as its exporters see it: called with positional tensors, compiled to a graph, or not at all."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from tempfile import TemporaryDirectory

from prunekit.core.data.contract import Inputs
from prunekit.core.pipeline.exporting import ExportError
from prunekit.plugins.backends.mindspore import process_setup  # noqa: F401 - before MindSpore
from prunekit.plugins.backends.mindspore.forward import as_array, call, evaluating, tensors_in
from prunekit.plugins.exporters.parity import Case, batches, named_arrays
from prunekit.registry.errors import reason

from mindspore import nn  # isort: skip

_NO_OPERATOR = re.compile(r"Exporting (\w+) operator is not yet supported|Can not find key (\w+) in convert map")
_PLACE = re.compile(r"In file (\S+?):(\d+)")


def cases(network: nn.Cell, inputs: Inputs, any_batch: bool) -> list[Case]:
    """What the network gives in evaluation mode."""
    found = []
    with evaluating(network):
        for each, size in batches(inputs, any_batch):
            outputs = [as_array(tensor) for tensor in tensors_in(call(network, each))]
            found.append(Case(named_arrays(network.construct, each), outputs, size))
    return found


@contextlib.contextmanager
def compiling(network: nn.Cell, kind: str) -> Iterator[None]:
    """Whatever MindSpore's compiler or exporter raises inside the block is told in a line or two.

    Raises:
        ExportError: In place of MindSpore's own.
    """
    here = os.getcwd()
    with TemporaryDirectory() as folder:
        os.chdir(folder)  # a compilation that fails leaves its graph in the current folder
        try:
            yield
        except ExportError:
            raise
        except Exception as problem:
            raise ExportError(f"{type(network).__name__} cannot be exported to {kind}: {_told(problem)}") from problem
        finally:
            os.chdir(here)


def _told(problem: Exception) -> str:
    text = str(problem)
    if match := _NO_OPERATOR.search(text):
        operator = match[1] or match[2]
        hint = "write another operator in its place, or export to mindir"
        if operator.startswith("Inplace") or operator == "TensorMove":
            hint = "write out = out + x in place of out += x, and likewise for other operators"
        if operator == "PyExecute":
            hint = "that is Python, such as a dict: let construct give tensors, or a tuple of them"
        return f"MindSpore's exporter does not know the operator {operator}; {hint}"
    if "pointer[prim] is null" in text:
        return (
            "MindSpore's exporter cannot follow what it does; an if or a loop over values of a tensor is a likely"
            " reason. Write it without (ops.select), or export to mindir"
        )
    if "The parameters number of the function" in text:
        return "MindSpore's compiler wants the first argument of construct to be called self, and every other one given"
    place = f" ({match[1]}:{match[2]})" if (match := _PLACE.search(text)) else ""
    return f"MindSpore cannot compile it{place}: {reason(problem)}"
